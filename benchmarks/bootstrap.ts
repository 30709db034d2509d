import { setImmediate as othersTurn } from 'node:timers/promises';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { quantile } from 'simple-statistics';
import { seedAt } from '../core/random.ts';

export interface Interval {
  low: number;
  high: number;
}

/** What a suite's number is made of its clips by. */
export type Statistic<T> = (clips: readonly T[]) => number;

type Numbers = Record<string, number>;

/**
 * Gives a suite's numbers of its clips, with or without their bounds; nothing without clips. `numbersOf` has the same
 * names always.
 */
export type Measure = <T>(clips: readonly T[], numbersOf: (clips: readonly T[]) => Numbers) => Promise<Numbers>;

const RESAMPLES = 1000;
const LEVEL = 0.95;
/** Fixed, so that the same clips always get the same interval. */
const SEED = 0;
/** Resamples in one go: of the largest suite, milliseconds of work. */
const IN_ONE_GO = 50;

/**
 * 95% percentile bootstrap over clips: the statistic of 1,000 resamples of the same size, drawn with replacement. It
 * measures how much the number depends on the suite's clips, not on the seed of the training. Needs at least one clip.
 * Deterministic.
 */
export function bootstrap<T>(clips: readonly T[], statistic: Statistic<T>): Interval {
  return percentiles(Array.from(resamples(clips.length), (draw) => statistic(draw.map((i) => clips[i]!))));
}

/**
 * Numbers with their bounds as `bootstrap` gives them, all from the same resamples: `f1`, `f1Low`, `f1High`. Lets
 * other work of the process run in between: thousands of clips take seconds, and Temporal takes a worker without a
 * heartbeat for dead.
 */
export const measureWithBounds: Measure = async (clips, numbersOf) => {
  if (clips.length === 0) return {};
  const values = new Map<string, number[]>();
  let done = 0;
  for (const draw of resamples(clips.length)) {
    for (const [name, value] of Object.entries(numbersOf(draw.map((i) => clips[i]!)))) {
      const list = values.get(name);
      if (list) list.push(value);
      else values.set(name, [value]);
    }
    if (++done % IN_ONE_GO === 0) await othersTurn();
  }
  return Object.fromEntries(
    Object.entries(numbersOf(clips)).flatMap(([name, value]) => {
      const { low, high } = percentiles(values.get(name)!);
      return [
        [name, value],
        [`${name}Low`, low],
        [`${name}High`, high],
      ];
    }),
  );
};

/** The numbers alone. */
export const measureAlone: Measure = async (clips, numbersOf) => (clips.length === 0 ? {} : numbersOf(clips));

/**
 * The difference `after - before` of a statistic over the same clips, with its interval: both sides of a resample are
 * made of the same clips, so what is hard for both does not widen it.
 * @throws Error when the lists differ in length.
 */
export function pairedBootstrap<T>(
  before: readonly T[],
  after: readonly T[],
  statistic: Statistic<T>,
): Interval & { difference: number } {
  if (before.length !== after.length)
    throw new Error(`A paired comparison needs the same clips: ${before.length} and ${after.length} were given.`);
  const differences = Array.from(
    resamples(before.length),
    (draw) => statistic(draw.map((i) => after[i]!)) - statistic(draw.map((i) => before[i]!)),
  );
  return { difference: statistic(after) - statistic(before), ...percentiles(differences) };
}

/** The clips of every resample, by their places. */
function* resamples(size: number): Generator<number[]> {
  if (size === 0) throw new Error('A bootstrap needs at least one clip.');
  const generator = xoroshiro128plus(seedAt(SEED, ['bootstrap', size]));
  const places = Array<number>(size).fill(0);
  for (let i = 0; i < RESAMPLES; i++) yield places.map(() => uniformInt(generator, 0, size - 1));
}

function percentiles(values: number[]): Interval {
  const [low, high] = quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]);
  return { low: low!, high: high! };
}
