import type { CollapseConfig } from '../configs/collapse-config.ts';
import type { CollapseKind, CollapseWarning, CollapseWatch, WatchedStep } from '../contracts/collapse.ts';
import type { Evaluation } from '../contracts/run-results.ts';
import { mean } from '../core/statistics.ts';

/** A step's numbers depend on its samples: the start and the present are means over several steps. */
const FIRST_STEPS = 3;
const RECENT_STEPS = 5;
/** A metric without a 95% interval counts as fallen when it has lost this share of its best value. */
const FALLEN_WITHOUT_BOUNDS = 0.1;
/** Among fewer videos two equal captions may be chance. */
const FEWEST_CLIPS = 5;

export const NOTHING_WATCHED: CollapseWatch = { first: [], recent: [], uniformSteps: 0, warnings: [] };

/** The benchmark's metric that must not fall while the training reward rises. */
export interface HeldOutMetric {
  metric: string;
  mode: 'max' | 'min';
}

/**
 * What is known after one more training step. Pure: the same records give the same warnings. Signs are: completions of
 * different videos that say the same, completions far longer or shorter than at the start, and groups without
 * differences, from which nothing can be learnt.
 * @param metrics of the step's record.
 */
export function watchStep(
  watch: CollapseWatch,
  { step, metrics }: { step: number; metrics: Readonly<Record<string, number>> },
  config: CollapseConfig,
): CollapseWatch {
  const { 'reward/mean': reward, 'train/completionLength': length, 'train/distinctCaptions': distinct } = metrics;
  const uniform = metrics['reward/uniformShare'];
  const seen: WatchedStep = {
    ...(reward !== undefined && { reward }),
    ...(length !== undefined && { length }),
    ...(distinct !== undefined && { distinct }),
  };
  const next: CollapseWatch = {
    ...watch,
    first: watch.first.length < FIRST_STEPS ? [...watch.first, seen] : watch.first,
    recent: [...watch.recent, seen].slice(-RECENT_STEPS),
    uniformSteps: uniform !== undefined && uniform > config.maxUniformGroups ? watch.uniformSteps + 1 : 0,
  };
  const isFull = next.recent.length === RECENT_STEPS;
  const captions = isFull ? meanOf(next.recent, 'distinct') : undefined;
  const [before, now] = [meanOf(next.first, 'length'), isFull ? meanOf(next.recent, 'length') : undefined];
  return withWarnings(next, step, {
    ...(captions !== undefined &&
      captions < config.minDistinctCaptions && { distinctCaptions: same(captions, config) }),
    ...(before !== undefined && now !== undefined && isFarFrom(before, now, config) && { length: longer(before, now) }),
    ...(next.uniformSteps >= config.uniformSteps && { uniformGroups: uniformFor(next.uniformSteps, config) }),
  });
}

/**
 * What is known after a held-out benchmark: whether its captions are all alike, and whether the policy has become worse
 * at what the benchmark measures while its training reward rose. It has become worse where its value lies outside the
 * 95% interval of the best value so far.
 */
export function watchEvaluation(
  watch: CollapseWatch,
  { step, metrics }: Pick<Evaluation, 'step' | 'metrics'>,
  { metric, mode }: HeldOutMetric,
  config: CollapseConfig,
): CollapseWatch {
  const { distinctCaptions, clips = 0, [metric]: value } = metrics;
  const captions =
    distinctCaptions !== undefined && clips >= FEWEST_CLIPS ? overFloor(distinctCaptions / 100, clips) : undefined;
  const reward = meanOf(watch.recent.length > 0 ? watch.recent : watch.first, 'reward');
  const { best } = watch;
  // The start policy is measured before there is any reward: its first steps' stand for it.
  const rewardThen = best?.reward ?? meanOf(watch.first, 'reward');
  const isWorse = best && value !== undefined && (mode === 'max' ? value < best.bound : value > best.bound);
  const isBest = value !== undefined && (!best || (mode === 'max' ? value > best.value : value < best.value));
  const next: CollapseWatch = isBest
    ? {
        ...watch,
        best: { step, value, bound: boundOf(metrics, metric, mode), ...(reward !== undefined && { reward }) },
      }
    : watch;
  return withWarnings(next, step, {
    ...(captions !== undefined &&
      captions < config.minDistinctCaptions && { distinctCaptions: same(captions, config) }),
    ...(isWorse &&
      reward !== undefined &&
      rewardThen !== undefined &&
      reward > rewardThen && {
        heldOut:
          `the training reward rose from ${rounded(rewardThen)} to ${rounded(reward)}, while ${metric} on the ` +
          `held-out videos went from ${best.value.toFixed(1)} at step ${best.step} to ${value.toFixed(1)}`,
      }),
  });
}

/** Adds the kinds that were not reported before. */
function withWarnings(watch: CollapseWatch, step: number, seen: Partial<Record<CollapseKind, string>>): CollapseWatch {
  const known = new Set(watch.warnings.map(({ kind }) => kind));
  const fresh = Object.entries(seen)
    .map(([kind, sentence]): CollapseWarning => ({ kind: kind as CollapseKind, step, sentence }))
    .filter(({ kind }) => !known.has(kind));
  return fresh.length === 0 ? watch : { ...watch, warnings: [...watch.warnings, ...fresh] };
}

/**
 * How many of `of` captions differ, from 0 (all are the same) to 1 (none occurs twice).
 * @param share of distinct captions, at least 1 / `of`.
 */
function overFloor(share: number, of: number): number {
  return (share * of - 1) / (of - 1);
}

function boundOf(metrics: Readonly<Record<string, number>>, metric: string, mode: 'max' | 'min'): number {
  const value = metrics[metric]!;
  const bound = metrics[`${metric}${mode === 'max' ? 'Low' : 'High'}`];
  return bound ?? value + (mode === 'max' ? -1 : 1) * FALLEN_WITHOUT_BOUNDS * Math.abs(value);
}

function isFarFrom(before: number, now: number, { maxLengthChange }: CollapseConfig): boolean {
  return before > 0 && Math.abs(now - before) / before > maxLengthChange;
}

function same(share: number, { minDistinctCaptions }: CollapseConfig): string {
  return (
    `different videos get the same captions: ${percent(share)} of them differ, below ` +
    `collapse.minDistinctCaptions (${percent(minDistinctCaptions)})`
  );
}

function longer(before: number, now: number): string {
  const change = percent(Math.abs(now - before) / before);
  const far = `${change} ${now > before ? 'longer' : 'shorter'}`;
  return `completions have ${now.toFixed(0)} tokens, ${far} than in the first steps (${before.toFixed(0)})`;
}

function uniformFor(steps: number, { maxUniformGroups }: CollapseConfig): string {
  const share = percent(maxUniformGroups);
  return `all rewards were equal in more than ${share} of the groups, ${steps} steps in a row: they teach nothing`;
}

function meanOf(steps: readonly WatchedStep[], name: keyof WatchedStep): number | undefined {
  const values = steps.map((step) => step[name]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : mean(values);
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
