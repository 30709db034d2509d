import type { FilePages } from './file-pages.ts';

const HEADER = 27;
const FIRST_OF_STREAM = 2;
const POLYNOMIAL = 0x04c11db7;

/**
 * Whether an Ogg file (RFC 3533) has pages that ffmpeg leaves out: damaged ones, and gaps in a stream's page numbers.
 * ffmpeg goes on behind them, and marks nothing as damaged.
 */
export async function lostOggPages(pages: FilePages): Promise<boolean> {
  const expected = new Map<number, number>();
  for (let place = 0; place < pages.size; ) {
    const header = Buffer.from(await pages.read(place, HEADER + 255));
    if (header.toString('latin1', 0, 4) !== 'OggS' || header.length < HEADER) return true;
    const segments = header.subarray(HEADER, HEADER + header[26]!);
    const length = HEADER + segments.length + segments.reduce((sum, bytes) => sum + bytes, 0);
    const [stream, number, checksum] = [header.readUInt32LE(14), header.readUInt32LE(18), header.readUInt32LE(22)];
    const isFirst = (header[5]! & FIRST_OF_STREAM) !== 0 || !expected.has(stream);
    if (!isFirst && number !== expected.get(stream)) return true;
    if (checksumOf(Buffer.from(await pages.read(place, length))) !== checksum) return true;
    expected.set(stream, (number + 1) >>> 0);
    place += length;
  }
  return false;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24;
  for (let bit = 0; bit < 8; bit++) rest = (rest << 1) ^ (rest < 0 ? POLYNOMIAL : 0);
  return rest;
});

/** Of a page, with zeros in place of its own checksum. */
function checksumOf(page: Buffer): number {
  page.fill(0, 22, 26);
  let sum = 0;
  for (const byte of page) sum = (sum << 8) ^ TABLE[(sum >>> 24) ^ byte]!;
  return sum >>> 0;
}
