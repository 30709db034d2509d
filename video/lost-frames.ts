import { nearest, type Timeline } from './timeline.ts';

/** What was decoded of a timeline; times are ffmpeg's, in microseconds and in the order of output. */
export interface Decoded {
  times: readonly number[];
  /** Those of frames that damage has changed, where the file was looked at for damage. */
  damaged?: ReadonlySet<number> | undefined;
  /** Those that a decoder gives which shows all that it can, where the file was looked at for damage. */
  attempted?: readonly number[] | undefined;
}

/**
 * Which frames of the timeline were lost: those that no decoded frame stands for or only a damaged one, those that lean
 * on a key frame that was lost, and those that depend on any frame of which nothing is left, or on any lost frame where
 * the decoder does not notice. Pure.
 */
export function lostFrames(timeline: Timeline, { times, damaged, attempted }: Decoded): boolean[] {
  const { begins, stated, steps, blind, numbers } = timeline;
  if (numbers) return numbers.map((number) => !(number < times.length) || (damaged?.has(times[number]!) ?? false));
  const lost = begins.map(() => true);
  const shift = stated ? 0 : begins[0]! - (times.find((time) => !Number.isNaN(time)) ?? 0);
  for (const time of times) if (!Number.isNaN(time) && !damaged?.has(time)) lost[nearest(begins, time + shift)] = false;
  // The key frame cannot be found by times of decoding.
  if (!stated) return lost;
  const gone = attempted ? goneSteps(timeline, attempted) : new Set<number>();
  let broken = false;
  for (const [i, { begin, key, hidden }] of steps.entries()) {
    const frame = hidden ? -1 : nearest(begins, begin);
    const isLost = frame >= 0 && lost[frame]!;
    if (key) broken = isLost;
    else if ((blind && isLost) || gone.has(i)) broken = true;
    if (broken && frame >= 0) lost[frame] = true;
  }
  return lost;
}

/** Frames that may be decoded between two that are shown one after the other. */
const REORDERED = 3;

/**
 * The steps at which a frame is missing of which nothing is left: its packet's, or of a missing packet, the first one
 * that could depend on it.
 */
function goneSteps({ begins, steps }: Timeline, attempted: readonly number[]): Set<number> {
  const left = new Set(attempted.map((time) => nearest(begins, time)));
  const reordered = steps.some(({ begin }, i) => i > 0 && begin < steps[i - 1]!.begin) ? REORDERED : 0;
  const stepOf = new Map(steps.map(({ begin }, i) => [nearest(begins, begin), i]));
  return new Set(
    begins.flatMap((begin, frame) => {
      if (left.has(frame)) return [];
      const own = stepOf.get(frame);
      if (own !== undefined) return steps[own]!.hidden ? [] : [own];
      const next = steps.findIndex((step) => step.begin > begin);
      return next < 0 ? [] : [Math.max(0, next - reordered)];
    }),
  );
}
