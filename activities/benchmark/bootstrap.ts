import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { quantile } from 'simple-statistics';
import { seedAt } from '../../core/random.ts';

export interface Interval {
  low: number;
  high: number;
}

/** What a suite's number is made of its clips by. */
export type Statistic<T> = (clips: readonly T[]) => number;

const RESAMPLES = 1000;
const LEVEL = 0.95;
/** Fixed, so that the same clips always get the same interval. */
const SEED = 0;

/**
 * 95% percentile bootstrap over clips: the statistic of 1,000 resamples of the same size, drawn with replacement. It says how
 * much the number depends on which clips the suite happens to have; what training would give with another seed it does not say.
 * Needs at least one clip. Deterministic.
 */
export function bootstrap<T>(clips: readonly T[], statistic: Statistic<T>): Interval {
  return percentiles(resamples(clips.length, (draw) => statistic(draw.map((i) => clips[i]!))));
}

/**
 * The difference `after - before` of a statistic over the same clips, with its interval: both sides of a resample are made of
 * the same clips, so what is hard for both does not widen it.
 * @throws Error when the lists differ in length.
 */
export function pairedBootstrap<T>(
  before: readonly T[],
  after: readonly T[],
  statistic: Statistic<T>,
): Interval & { difference: number } {
  if (before.length !== after.length)
    throw new Error(`A paired comparison needs the same clips: ${before.length} and ${after.length} were given.`);
  const differences = resamples(
    before.length,
    (draw) => statistic(draw.map((i) => after[i]!)) - statistic(draw.map((i) => before[i]!)),
  );
  return { difference: statistic(after) - statistic(before), ...percentiles(differences) };
}

function resamples(size: number, statistic: (draw: number[]) => number): number[] {
  if (size === 0) throw new Error('A bootstrap needs at least one clip.');
  const generator = xoroshiro128plus(seedAt(SEED, ['bootstrap', size]));
  const draw = Array<number>(size).fill(0);
  return Array.from({ length: RESAMPLES }, () => statistic(draw.map(() => uniformInt(generator, 0, size - 1))));
}

function percentiles(values: number[]): Interval {
  const [low, high] = quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]);
  return { low: low!, high: high! };
}
