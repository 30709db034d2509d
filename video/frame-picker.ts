import { countUpTo, nearest, type Timeline } from './timeline.ts';

/** Before every time that a frame can have. */
const ALWAYS = -9e15;

/**
 * Chooses frames while ffmpeg decodes, without looking ahead: a frame is written when it is the first to reach a
 * moment. The moment for a frame of the timeline is halfway between it and the one before, so that rounding chooses
 * no other; when the frame was lost, the next one is written, and can be told from it by its time.
 */
export interface Picker {
  /** Ascending, in microseconds. */
  moments: readonly number[];
  /** In place of moments: which of the decoded frames, ascending, where the timeline counts them. */
  numbers?: readonly number[] | undefined;
}

/** `wanted` are the frames' beginnings. Pure. */
export function pickerFor(timeline: Timeline, wanted: readonly number[]): Picker {
  const { begins, stated, numbers } = timeline;
  const last = begins.length - 1;
  const frames = wanted.map((begin) => nearest(begins, begin));
  // Nothing comes after the last frame: when it is lost, the one before is on screen.
  const watched = new Set(frames.flatMap((frame) => (frame === last && last > 0 ? [last - 1, last] : [frame])));
  const ordered = [...watched].sort((a, b) => a - b);
  if (numbers) return { moments: [], numbers: ordered.map((frame) => numbers[frame]!) };
  const origin = stated ? 0 : begins[0]!;
  return { moments: ordered.map((frame) => momentOf(timeline, frame) - origin) };
}

function momentOf({ begins }: Timeline, frame: number): number {
  return frame === 0 ? ALWAYS : Math.ceil((begins[frame - 1]! + begins[frame]!) / 2);
}

/** The expression of ffmpeg's `select` filter that lets through what `written` says. */
export function selectExpression({ moments, numbers }: Picker, { stated }: Timeline): string {
  if (numbers) return sumOf(numbers.map((number) => `eq(n,${number})`));
  const [now, before] = stated ? ['pts', 'prev_pts'] : ['(pts-start_pts)', '(prev_pts-start_pts)'];
  // The time before the first frame is no number, and not greater than any.
  return sumOf(moments.map((moment) => `gte(${now},${moment})*(1-gte(${before},${moment}))`));
}

/** Nested in halves: ffmpeg bounds the depth of an expression. */
function sumOf(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length >> 1;
  return `(${sumOf(terms.slice(0, half))}+${sumOf(terms.slice(half))})`;
}

/**
 * Which of the decoded frames, given by their times in order, `selectExpression` lets through. `starts` are those at
 * which ffmpeg began a new filter graph, which knows no frame before them.
 */
export function written(
  { moments, numbers }: Picker,
  { stated }: Timeline,
  decoded: readonly number[],
  starts: readonly number[] = [0],
): number[] {
  if (numbers) return numbers.filter((number) => number < decoded.length);
  const start = stated ? 0 : (decoded.find((time) => !Number.isNaN(time)) ?? 0);
  const reached = decoded.map((time) => countUpTo(moments, time - start));
  const isStart = new Set([0, ...starts]);
  return reached.flatMap((count, i) => (count > (isStart.has(i) ? 0 : reached[i - 1]!) ? [i] : []));
}
