import { nearest, type Timeline } from './timeline.ts';

/**
 * Which frames of the timeline were lost: those that no decoded frame stands for, and those that lean on a key frame
 * that was lost, or on any lost frame where the decoder does not notice. `decoded` are ffmpeg's times in microseconds.
 * Pure.
 */
export function lostFrames({ begins, stated, steps, blind }: Timeline, decoded: readonly number[]): boolean[] {
  const lost = begins.map(() => true);
  const shift = stated ? 0 : begins[0]! - (decoded.find((time) => !Number.isNaN(time)) ?? 0);
  for (const time of decoded) if (!Number.isNaN(time)) lost[nearest(begins, time + shift)] = false;
  // Times of decoding do not tell which frame is the key frame.
  if (!stated) return lost;
  let broken = false;
  for (const { begin, key, hidden } of steps) {
    const frame = hidden ? -1 : nearest(begins, begin);
    const isLost = frame >= 0 && lost[frame]!;
    if (key) broken = isLost;
    else if (blind && isLost) broken = true;
    if (broken && frame >= 0) lost[frame] = true;
  }
  return lost;
}
