import { VideocapError } from '../core/errors.ts';
import { damagedShare, LOST_ALLOWED } from './frame-sources.ts';
import type { Timeline } from './timeline.ts';

/** Frames that are that much shorter than most are crowded: the file was joined from cuts whose times overlap. */
const CROWDED = 0.2;
const MOST_CROWDED = 2;
/** How much two gaps may differ in a video of a fixed rate: containers round times, to a millisecond at most. */
const ROUNDING = 1500;

/**
 * Whether the packets' times are not those at which a decoder shows the pictures: where they are crowded, and where the
 * container states only when to decode and the rate varies, so that pictures that change places change times. Pure.
 */
export function needsDecoder({ begins, stated, steps }: Timeline): boolean {
  const gaps = begins.slice(1).map((begin, i) => begin - begins[i]!);
  const usual = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
  if (!stated) return gaps.some((gap) => Math.abs(gap - usual) > ROUNDING);
  const shown = steps.filter(({ hidden }) => !hidden).length;
  const crowded = gaps.filter((gap) => gap < CROWDED * usual).length + Math.max(0, shown - begins.length);
  return crowded > MOST_CROWDED;
}

/**
 * The timeline of the times at which a decoder shows its pictures, in their order. Of pictures at one moment the last
 * stays on screen.
 * @throws VideocapError `InvalidVideo` when more than a tenth of the frames was not decoded. Pure.
 */
export function decodedTimeline(timeline: Timeline, times: readonly number[]): Timeline {
  const last = new Map<number, number>();
  let latest = Number.NEGATIVE_INFINITY;
  for (const [number, time] of times.entries()) {
    latest = Math.max(latest, time);
    last.set(latest, number);
  }
  const begins = [...last.keys()];
  const first = begins[0];
  if (first === undefined) throw new VideocapError('InvalidVideo', 'none of its pictures can be decoded');
  const expected = timeline.steps.filter(({ begin, hidden }) => !hidden && (begin >= first || !timeline.stated)).length;
  const lost = Math.max(0, expected - times.length);
  if (lost > LOST_ALLOWED * expected) throw damagedShare(lost, expected);
  const span = begins.at(-1)! - first;
  const usual = begins.length > 1 ? span / (begins.length - 1) : 0;
  return {
    ...timeline,
    begins,
    durationSeconds: (span + usual) / 1e6,
    stated: true,
    steps: begins.map((begin) => ({ begin, key: true, hidden: false })),
    numbers: [...last.values()],
  };
}
