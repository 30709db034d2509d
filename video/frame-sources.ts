import { VideocapError } from '../core/errors.ts';
import { type Decoded, lostFrames } from './lost-frames.ts';
import { nearest, type Timeline } from './timeline.ts';

/** The share of frames that may be lost before the file is refused. */
export const LOST_ALLOWED = 0.1;

export interface DecodedPart extends Decoded {
  timeline: Timeline;
  /** Which of its decoded frames ffmpeg wrote. */
  frames: readonly number[];
}

/**
 * For each frame that is wanted, given by its beginning, which of the written ones is shown. `origin` is the beginning
 * of the first frame.
 * @throws VideocapError `InvalidVideo` when more than a tenth of the frames is lost, or one that is wanted together
 *   with those beside it. Pure.
 */
export function sourcesOf(parts: readonly DecodedPart[], wanted: readonly number[], origin: number): number[] {
  const lost = parts.map((part) => lostFrames(part.timeline, part));
  const flat = lost.flat();
  if (flat.filter(Boolean).length > LOST_ALLOWED * flat.length) throw damaged(flat);
  let before = 0;
  const sources = parts.map(({ timeline: { begins, stated, numbers }, times, frames }) => {
    const shift = stated ? 0 : begins[0]! - (times.find((time) => !Number.isNaN(time)) ?? 0);
    const offset = before;
    before += frames.length;
    const frameOf = (index: number) => (numbers ? numbers.indexOf(index) : nearest(begins, times[index]! + shift));
    return new Map(frames.map((index, i) => [frameOf(index), offset + i]));
  });
  return wanted.map((begin) => {
    const part = parts.findIndex(({ timeline: { begins } }) => begin >= begins[0]! && begin <= begins.at(-1)!);
    const frame = nearest(parts[part]!.timeline.begins, begin);
    const beside = [frame, frame + 1, frame - 1].find(
      (near) => lost[part]![near] === false && sources[part]!.has(near),
    );
    if (beside === undefined) throw damaged(flat, (begin - origin) / 1e6);
    return sources[part]!.get(beside)!;
  });
}

function damaged(lost: readonly boolean[], seconds?: number): VideocapError {
  return damagedShare(lost.filter(Boolean).length, lost.length, seconds);
}

/** So many of the frames were lost, among them the one at `seconds`. */
export function damagedShare(lost: number, frames: number, seconds?: number): VideocapError {
  const share = `${lost} of ${frames} frames (${((100 * lost) / frames).toFixed(1)} %)`;
  const where = seconds === undefined ? '' : `, among them the one to show at ${seconds.toFixed(2)} s,`;
  return new VideocapError('InvalidVideo', `${share}${where} could not be decoded, the file is damaged`);
}
