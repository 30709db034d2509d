import { all, type Box, boxesIn, find, longAt, numberAt } from './mp4-boxes.ts';

/** Flags of a fragment's header and runs (ISO/IEC 14496-12, 8.8.7 and 8.8.8). */
const HEADER = { base: 0x1, description: 0x2, duration: 0x8, size: 0x10 } as const;
const RUN = { offset: 0x1, first: 0x4, duration: 0x100, size: 0x200, flags: 0x400, composition: 0x800 } as const;

/**
 * Where the last byte of a track lies that a fragment (`moof`, at `place` of the file) describes; infinite where the
 * fragment leaves that open. `index` is the content of `moov`.
 */
export function endInFragment(fragment: Buffer, track: number, index: Buffer, place: number): number {
  let end = 0;
  for (const part of boxesIn(fragment, all(fragment))) {
    const header = part.name === 'traf' ? find(fragment, part, 'tfhd') : undefined;
    if (!header || numberAt(fragment, header.start + 4) !== track) continue;
    const flags = flagsOf(fragment, header);
    const base = flags & HEADER.base ? longAt(fragment, header.start + 8) : place;
    const common = header.start + 8 + (flags & HEADER.base ? 8 : 0) + (flags & HEADER.description ? 4 : 0);
    const own = flags & HEADER.size ? numberAt(fragment, common + (flags & HEADER.duration ? 4 : 0)) : undefined;
    for (const run of boxesIn(fragment, part))
      if (run.name === 'trun') end = Math.max(end, base + endOfRun(fragment, run, own ?? defaultSize(index, track)));
  }
  return end;
}

/** From the fragment's base; infinite where the run follows another one. */
function endOfRun(bytes: Buffer, run: Box, common: number): number {
  const flags = flagsOf(bytes, run);
  if (!(flags & RUN.offset)) return Number.POSITIVE_INFINITY;
  const samples = numberAt(bytes, run.start + 4);
  let end = numberAt(bytes, run.start + 8) | 0;
  if (!(flags & RUN.size)) return end + samples * common;
  const before = flags & RUN.duration ? 4 : 0;
  const entry = before + 4 + (flags & RUN.flags ? 4 : 0) + (flags & RUN.composition ? 4 : 0);
  const list = run.start + 12 + (flags & RUN.first ? 4 : 0);
  for (let at = list + before, i = 0; i < samples && at + 4 <= run.end; i++, at += entry) end += numberAt(bytes, at);
  return end;
}

/** The size of a track's samples where no fragment has another one (`trex`). */
function defaultSize(index: Buffer, track: number): number {
  const defaults = find(index, all(index), 'mvex');
  const own = defaults && [...boxesIn(index, defaults)].find((box) => numberAt(index, box.start + 4) === track);
  return own ? numberAt(index, own.start + 16) : 0;
}

const flagsOf = (bytes: Buffer, { start }: Box): number => numberAt(bytes, start) & 0xffffff;
