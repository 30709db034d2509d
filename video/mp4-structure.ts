import type { Fault } from './file-fault.ts';
import type { FilePages } from './file-pages.ts';
import { all, type Box, boxAt, boxesIn, find, longAt, numberAt } from './mp4-boxes.ts';
import { endInFragment } from './mp4-fragment.ts';

/** A longer index is left to ffmpeg. */
const MAX_INDEX = 2 ** 28;

/** Walks the boxes of a file: only their heads and the index are read, never the pictures. */
export async function faultOfMp4(pages: FilePages): Promise<Fault | undefined> {
  let index: Buffer | undefined;
  let fragment: Buffer | undefined;
  let fragmentStart = 0;
  /** Where the file ends by its boxes, of those that have pictures in them. */
  let end = 0;
  let hasMeta = false;
  let hasFragment = false;
  for (let place = 0; place < pages.size; ) {
    const box = boxAt(await pages.read(place, 16), 0, pages.size - place);
    if (!box) break;
    hasMeta ||= box.name === 'meta';
    hasFragment ||= box.name === 'moof';
    const [start, boxEnd] = [place + box.start, place + box.end];
    const whole = boxEnd <= pages.size;
    if (!whole && (box.name === 'moov' || box.name === 'moof')) return 'cut short';
    const isRead = whole && boxEnd - start <= MAX_INDEX;
    if (box.name === 'moov' && isRead) index = Buffer.from(await pages.read(start, boxEnd - start));
    if (box.name === 'sidx' && isRead)
      end = Math.max(end, boxEnd + indexedBytes(await pages.read(start, boxEnd - start)));
    if (box.name === 'moof' && isRead) {
      fragment = Buffer.from(await pages.read(start, boxEnd - start));
      fragmentStart = place;
    }
    // A fragment's pictures follow it, mostly in front of its sound.
    if (box.name === 'mdat') {
      const isCut = () => {
        const id = index && videoTrack(index)?.id;
        return id === undefined || endInFragment(fragment!, id, index!, fragmentStart) > pages.size;
      };
      if (!whole && fragment && (!index || hasVideo(fragment, index)) && isCut()) return 'cut short';
      fragment = undefined;
    }
    place = boxEnd;
  }
  // Single pictures (ISO/IEC 23008-12) have no index of moving ones, and a `meta` box in place of it.
  if (!index) return hasMeta ? 'picture' : hasFragment ? 'segment' : 'cut short';
  const video = videoTrack(index);
  if (!video) return undefined;
  if (/^(encv|drmi)$/.test(video.coding)) return 'encrypted';
  const isMissing = (fragment !== undefined && hasVideo(fragment, index)) || Math.max(end, video.end) > pages.size;
  return isMissing ? 'cut short' : undefined;
}

/** The first track with moving pictures: how they are coded, and the place of its last byte. */
function videoTrack(index: Buffer): { id: number; coding: string; end: number } | undefined {
  for (const track of boxesIn(index, all(index))) {
    if (track.name !== 'trak') continue;
    const handler = find(index, track, 'mdia', 'hdlr');
    const table = find(index, track, 'mdia', 'minf', 'stbl');
    const header = find(index, track, 'tkhd');
    if (!handler || !table || !header || index.toString('latin1', handler.start + 8, handler.start + 12) !== 'vide')
      continue;
    const coding = find(index, table, 'stsd');
    // Behind version, flags and the number of entries, each entry is like a box.
    const entry = coding && boxAt(index, coding.start + 8, coding.end);
    const id = numberAt(index, header.start + (index[header.start] === 1 ? 20 : 12));
    return { id, coding: entry?.name ?? '', end: endOfSamples(index, table) };
  }
  return undefined;
}

/** The end of the last chunk in the file: ISO/IEC 14496-12, 8.7 (stsc, stsz, stz2, stco, co64). */
function endOfSamples(index: Buffer, table: Box): number {
  const [runs, sizes] = [find(index, table, 'stsc'), find(index, table, 'stsz')];
  const [short, long] = [find(index, table, 'stco'), find(index, table, 'co64')];
  const chunks = short ?? long;
  if (!runs || !sizes || !chunks) return 0;
  const common = numberAt(index, sizes.start + 4);
  const samples = numberAt(index, sizes.start + 8);
  const size = (sample: number) => common || numberAt(index, sizes.start + 12 + 4 * sample);
  const offset = (chunk: number) =>
    short ? numberAt(index, short.start + 8 + 4 * chunk) : longAt(index, chunks.start + 8 + 8 * chunk);
  const count = Math.min(numberAt(index, chunks.start + 4), (chunks.end - chunks.start - 8) / (short ? 4 : 8));
  let [run, sample, end] = [0, 0, 0];
  for (let chunk = 0; chunk < count && sample < samples; chunk++) {
    const next = runs.start + 8 + 12 * (run + 1);
    if (next + 12 <= runs.end && numberAt(index, next) <= chunk + 1) run++;
    const last = Math.min(samples, sample + numberAt(index, runs.start + 8 + 12 * run + 4));
    let place = offset(chunk);
    for (; sample < last && (common > 0 || sizes.start + 16 + 4 * sample <= sizes.end); sample++) place += size(sample);
    if (sample < last) break;
    end = Math.max(end, place);
  }
  return end;
}

/** Whether a fragment (`moof`) has a part of the first track with moving pictures. */
function hasVideo(fragment: Buffer, index: Buffer): boolean {
  const id = videoTrack(index)?.id;
  return [...boxesIn(fragment, all(fragment))].some((part) => {
    const header = part.name === 'traf' ? find(fragment, part, 'tfhd') : undefined;
    return header !== undefined && numberAt(fragment, header.start + 4) === id;
  });
}

/** How many bytes behind it a segment index (`sidx`, 8.16.3) covers. */
function indexedBytes(content: Buffer): number {
  const isLong = content[0] === 1;
  const list = isLong ? 28 : 20;
  let bytes = isLong ? longAt(content, 20) : numberAt(content, 16);
  const count = content.length >= list + 4 ? content.readUInt16BE(list + 2) : 0;
  for (let i = 0; i < count; i++) bytes += numberAt(content, list + 4 + 12 * i) % 2 ** 31;
  return bytes;
}
