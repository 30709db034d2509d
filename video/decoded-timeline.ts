import { VideocapError } from '../core/errors.ts';
import { damagedShare, LOST_ALLOWED } from './frame-sources.ts';
import { nearest, type Step, type Timeline } from './timeline.ts';

/** Frames that are that much shorter than most are crowded: the file was joined from cuts whose times overlap. */
const CROWDED = 0.2;
const MOST_CROWDED = 2;
/** How much two gaps may differ in a video of a fixed rate: containers round times, to a millisecond at most. */
const ROUNDING = 1500;

/**
 * Whether the packets' times may not be those at which a decoder shows the pictures: where they are crowded, where cuts
 * overlap, and where the container states only when to decode and the rate varies, so that pictures that change places
 * change times. Pure.
 */
export function needsDecoder({ begins, stated, steps }: Timeline): boolean {
  const gaps = begins.slice(1).map((begin, i) => begin - begins[i]!);
  const usual = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
  if (!stated) return gaps.some((gap) => Math.abs(gap - usual) > ROUNDING);
  const shown = steps.filter(({ hidden }) => !hidden).length;
  const crowded = gaps.filter((gap) => gap < CROWDED * usual).length + Math.max(0, shown - begins.length);
  return crowded > MOST_CROWDED || overlaps(steps);
}

/** Whether a key frame is shown before what is decoded before it: no encoder does so, a joint of two cuts does. */
function overlaps(steps: readonly Step[]): boolean {
  let latest = Number.NEGATIVE_INFINITY;
  return steps.some(({ begin, key, hidden }) => {
    if (hidden) return false;
    if (key && begin < latest) return true;
    latest = Math.max(latest, begin);
    return false;
  });
}

/**
 * The timeline of the times at which a decoder shows its pictures, in their order. Of pictures at one moment the last
 * stays on screen. Where the packets state the same times, its frames are told by them, so that seeking finds them.
 * @throws VideocapError `InvalidVideo` when more than a tenth of the frames was not decoded. Pure.
 */
export function decodedTimeline(timeline: Timeline, times: readonly number[]): Timeline {
  if (timeline.stated && !overlaps(timeline.steps) && agree(timeline.begins, times))
    return { ...timeline, begins: times };
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

/** Whether each picture has a moment of its own, beside one that the packets state, and each of these has a picture. */
function agree(begins: readonly number[], times: readonly number[]): boolean {
  const met = times.map((time) => begins[nearest(begins, time)]!);
  return (
    new Set(met).size === begins.length &&
    times.every((time, i) => Math.abs(time - met[i]!) <= ROUNDING && (i === 0 || time > times[i - 1]!))
  );
}
