import type { Fault } from './file-fault.ts';
import type { FilePages } from './file-pages.ts';

/** AVI: `movi` has the pictures, and what may follow is an index of them. A long file has several RIFF parts. */
export async function faultOfAvi(pages: FilePages): Promise<Fault | undefined> {
  let hasPictures = false;
  for (let place = 0; place + 12 <= pages.size; ) {
    const head = await pages.read(place, 12);
    const [name, kind] = [head.toString('latin1', 0, 4), head.toString('latin1', 8, 12)];
    const size = head.readUInt32LE(4);
    if (name === 'RIFF' && /^AVI[ X]$/.test(kind)) {
      place += 12;
      continue;
    }
    if (!/^[ -~]{4}$/.test(name)) return undefined;
    const end = place + 8 + size + (size % 2);
    const isMovi = name === 'LIST' && kind === 'movi';
    if (end - (size % 2) > pages.size && (isMovi || !hasPictures)) return 'cut short';
    hasPictures ||= isMovi;
    // A file that was never finished does not say the size of its pictures: what follows cannot be told apart.
    if (isMovi && size <= 4) return undefined;
    place = end;
  }
  return hasPictures ? undefined : 'cut short';
}

/** FLV: every tag is followed by its own size, so that the last one must be found from the end. */
export async function faultOfFlv(pages: FilePages): Promise<Fault | undefined> {
  const last = (await pages.read(pages.size - 4, 4)).readUInt32BE();
  if (last >= 11 && last + 13 <= pages.size) {
    const head = await pages.read(pages.size - 4 - last, 4);
    if (head.readUIntBE(1, 3) + 11 === last) return undefined;
  }
  let place = (await pages.read(5, 4)).readUInt32BE() + 4;
  while (place < pages.size) {
    const head = await pages.read(place, 11);
    if (head.length < 11) return 'cut short';
    // Not a tag of sound, picture or data: something else follows the last one.
    if (![8, 9, 18].includes(head[0]! & 0x1f)) return undefined;
    const end = place + 11 + head.readUIntBE(1, 3);
    place = end + 4;
    // Some writers leave out the size of the last tag, but none writes a part of it.
    if (end !== pages.size && place > pages.size) return 'cut short';
  }
  return undefined;
}

/** How far apart the packets of a transport stream lie: as sent, with a time in front (M2TS), with parity behind. */
const TS_GRIDS = [188, 192, 204];
const TS_SYNC = 0x47;
/** As many packets as are looked at for encryption. */
const TS_LOOKED_AT = 2000;

/** Packets of the standard's own tables, and those that only fill time (ISO/IEC 13818-1, table 2-3). */
function isFilling(packetId: number): boolean {
  return packetId < 0x20 || packetId === 0x1fff;
}

/**
 * MPEG-TS: packets of one size, the last of which must be whole. It is encrypted when some packets are marked so and
 * no picture begins in one that is not (2.4.3.2: transport_scrambling_control).
 */
export async function faultOfTs(pages: FilePages): Promise<Fault | undefined> {
  const head = Buffer.from(await pages.read(0, 204 * TS_LOOKED_AT));
  for (const grid of TS_GRIDS) {
    for (let first = 0; first < grid; first++) {
      if (![0, 1, 2, 3, 4].every((i) => head[first + i * grid] === TS_SYNC)) continue;
      const packets = Math.floor((head.length - first) / grid);
      const starts = Array.from({ length: packets }, (_, i) => first + i * grid);
      const packetsThere = starts.filter((start) => head[start] === TS_SYNC);
      const isScrambled = packetsThere.some((start) => (head[start + 3]! & 0x90) === 0x90);
      if (isScrambled && !packetsThere.some((start) => beginsPicture(head, start))) return 'encrypted';
      const rest = (pages.size - first) % grid;
      const last = await pages.read(pages.size - rest, rest);
      // A time or parity may be missing, content may not.
      const isCut = rest >= 3 && rest < 188 && last[0] === TS_SYNC && !isFilling(last.readUInt16BE(1) & 0x1fff);
      return isCut ? 'cut short' : undefined;
    }
  }
  return undefined;
}

/** Whether the packet has the clear head of a picture: a start code and a video stream's number. */
function beginsPicture(bytes: Buffer, packet: number): boolean {
  if (!(bytes[packet + 1]! & 0x40) || bytes[packet + 3]! & 0x80) return false;
  const start = packet + 4 + (bytes[packet + 3]! & 0x20 ? 1 + bytes[packet + 4]! : 0);
  return start + 4 <= bytes.length && (bytes.readUInt32BE(start) & 0xfffffff0) >>> 0 === 0x1e0;
}

/** Identifiers of ASF objects, as they lie in the file. */
const ASF_DATA = '3626b2758e66cf11a6d900aa0062ce6c';
const ASF_ENCRYPTION = ['fbb31122 23bdd211b4b700a0c955fc6e', '14e68a29 2226174cb935dae07ee9289c'].map((id) =>
  Buffer.from(id.replace(' ', ''), 'hex'),
);

/** ASF (WMV): a header, then one object with all content, whose size a live recording leaves at 0. */
export async function faultOfAsf(pages: FilePages): Promise<Fault | undefined> {
  const size = async (place: number) => Number((await pages.read(place + 16, 8)).readBigUInt64LE());
  const header = await size(0);
  if (header + 24 > pages.size) return 'cut short';
  const content = Buffer.from(await pages.read(0, Math.min(header, 2 ** 20)));
  if (ASF_ENCRYPTION.some((id) => content.includes(id))) return 'encrypted';
  const isData = (await pages.read(header, 16)).toString('hex') === ASF_DATA;
  return isData && header + (await size(header)) > pages.size ? 'cut short' : undefined;
}

/** By how much ffmpeg's own writer of RealMedia gives `DATA` a larger size than it has: most of its head. */
const RM_HEAD = 18;

/** RealMedia: chunks of a name and a size; `DATA` has the pictures. */
export async function faultOfRealMedia(pages: FilePages): Promise<Fault | undefined> {
  let hasPictures = false;
  for (let place = 0; place + 8 <= pages.size; ) {
    const head = await pages.read(place, 8);
    const size = head.readUInt32BE(4);
    const isData = head.toString('latin1', 0, 4) === 'DATA';
    if (size < 8) return undefined;
    if (place + size > pages.size + RM_HEAD && (isData || !hasPictures)) return 'cut short';
    hasPictures ||= isData;
    place += size;
  }
  return undefined;
}

/** Ogg: pages, the last of which must be whole (RFC 3533). */
export async function faultOfOgg(pages: FilePages): Promise<Fault | undefined> {
  /** The longest page. */
  const longest = 27 + 255 + 255 * 255;
  const from = Math.max(0, pages.size - longest);
  const end = Buffer.from(await pages.read(from, pages.size - from));
  const last = end.lastIndexOf('OggS\0', undefined, 'latin1');
  if (last < 0) return undefined;
  const segments = end[last + 26];
  if (segments === undefined || last + 27 + segments > end.length) return 'cut short';
  const content = end.subarray(last + 27, last + 27 + segments).reduce((sum, length) => sum + length, 0);
  return last + 27 + segments + content > end.length ? 'cut short' : undefined;
}
