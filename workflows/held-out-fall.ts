import type { CollapseWatch, MeasuredPolicy } from '../contracts/collapse.ts';
import { mean } from '../core/statistics.ts';
import { meanOf, noiseOf } from './watched-steps.ts';

/** The benchmark's metric that must not fall while the training reward does not. */
export interface HeldOutMetric {
  metric: string;
  mode: 'max' | 'min';
}

/** From so many earlier benchmarks on, one value decides nothing: means of several are compared. */
const ENOUGH = 4;
/** The best of many means is partly luck: a level is the mean of so many benchmarks in a row. */
const LEVEL = 3;
/** A metric without a 95% interval may lose this share of its level, unless its own spread says more. */
const SLACK_WITHOUT_BOUNDS = 0.2;
/** The same where there are `ENOUGH` earlier benchmarks, so that the spread is known. */
const SLACK_WITH_SPREAD = 0.1;
/** A fall smaller than this share of the level is ignored, however narrow the interval is. */
const SMALLEST_FALL = 0.05;
/** How many standard deviations of a benchmark's noise a fall of means must exceed. */
const DEVIATIONS = 4;
/** A reward that stays the same asks for a fall this many times larger than one that rises. */
const WITHOUT_RISE = 2;
/** A reward has changed where it moved by two standard errors, and by a share of its size that matters. */
const REWARD_ERRORS = 2;
const SMALLEST_CHANGE = 0.02;

/** A level of the metric: of one benchmark, or the mean of several. */
type Level = MeasuredPolicy;

/**
 * Why the newest of the benchmarks seen shows a policy that has become worse at what the benchmark measures although
 * its training reward did not fall; undefined where it shows none. Few benchmarks are compared one by one: a value is
 * worse where it lies outside the 95% interval of the best. With more, the best of them is partly luck: then the mean
 * of the last two is compared with the best mean of three in a row, and the fall must also exceed the noise of the
 * benchmarks. A reward that stays the same asks for a fall twice as large.
 * @param watch with the newest benchmark as the last of `measured`.
 */
export function heldOutFall(watch: CollapseWatch, { metric, mode }: HeldOutMetric): string | undefined {
  const measured = watch.measured ?? [];
  const now = measured.at(-1);
  if (!now || measured.length < 2) return undefined;
  const [level, present, slack] = compared(measured, now, mode);
  // The start policy is measured before there is any reward: its first steps' stand for it.
  const [then, reward] = [level.reward ?? meanOf(watch.first, 'reward'), rewardNow(watch)];
  if (then === undefined || reward === undefined) return undefined;
  const needed = Math.max(
    REWARD_ERRORS * rewardError(watch),
    SMALLEST_CHANGE * Math.max(Math.abs(then), Math.abs(reward)),
  );
  const isSame = Math.abs(reward - then) <= needed;
  if (!isSame && reward < then) return undefined;
  const fall = mode === 'max' ? level.value - present : present - level.value;
  if (fall <= (isSame ? WITHOUT_RISE : 1) * Math.max(slack, SMALLEST_FALL * Math.abs(level.value))) return undefined;
  const rewards = isSame
    ? `the training reward did not fall (${rounded(then)}, now ${rounded(reward)})`
    : `the training reward rose from ${rounded(then)} to ${rounded(reward)}`;
  return (
    `${rewards}, while ${metric} on the held-out videos went from ${level.value.toFixed(1)} at step ${level.step} ` +
    `to ${now.value.toFixed(1)}`
  );
}

/** The mean reward of the last steps; undefined where there was none yet. */
export function rewardNow({ recent, first }: CollapseWatch): number | undefined {
  return meanOf(recent.length > 0 ? recent : first, 'reward');
}

/** What to compare: the best level before, the value now, and how far they may lie apart by chance. */
function compared(
  measured: readonly MeasuredPolicy[],
  now: MeasuredPolicy,
  mode: 'max' | 'min',
): [level: Level, present: number, slack: number] {
  const earlier = measured.slice(0, -1);
  if (earlier.length < ENOUGH) {
    const best = bestOf(earlier, mode);
    return [best, now.value, best.slack ?? SLACK_WITHOUT_BOUNDS * Math.abs(best.value)];
  }
  const before = earlier.slice(0, -1);
  const best = bestOf(levels(before), mode);
  const slack = best.slack ?? SLACK_WITH_SPREAD * Math.abs(best.value);
  return [best, mean([earlier.at(-1)!.value, now.value]), Math.max(slack, DEVIATIONS * spread(before))];
}

function levels(measured: readonly MeasuredPolicy[]): Level[] {
  return measured.slice(LEVEL - 1).map(({ step }, i): Level => {
    const some = measured.slice(i, i + LEVEL);
    const slacks = some.map(({ slack }) => slack).filter((slack) => slack !== undefined);
    const rewards = some.map(({ reward }) => reward).filter((reward) => reward !== undefined);
    return {
      step,
      value: mean(some.map(({ value }) => value)),
      ...(slacks.length > 0 && { slack: mean(slacks) }),
      ...(rewards.length > 0 && { reward: mean(rewards) }),
    };
  });
}

function bestOf(some: readonly Level[], mode: 'max' | 'min'): Level {
  return some.reduce((best, one) => ((mode === 'max' ? one.value > best.value : one.value < best.value) ? one : best));
}

/**
 * The standard deviation of one benchmark's noise, from the changes between neighbours: a trend is no noise. Few
 * changes may be alike by chance, so that they count for more.
 */
function spread(measured: readonly MeasuredPolicy[]): number {
  const changes = measured.slice(1).map(({ value }, i) => value - measured[i]!.value);
  const middle = median(changes);
  const deviation = (mean(changes.map((change) => Math.abs(change - middle))) * Math.sqrt(Math.PI / 2)) / Math.SQRT2;
  return deviation * (1 + 3 / changes.length);
}

function rewardError({ recent, noise }: CollapseWatch): number {
  return noiseOf(noise?.reward) * Math.sqrt(2 / Math.max(1, recent.length));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
