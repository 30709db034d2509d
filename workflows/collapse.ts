import type { CollapseConfig } from '../configs/collapse-config.ts';
import type { CollapseKind, CollapseWarning, CollapseWatch, WatchedStep } from '../contracts/collapse.ts';
import type { Evaluation } from '../contracts/run-results.ts';
import { type HeldOutMetric, heldOutFall, rewardNow } from './held-out-fall.ts';
import { uniformGroups } from './uniform-groups.ts';
import { meanOf, noiseOf, withChange } from './watched-steps.ts';

/** A step's numbers depend on its samples: the start and the present are means over several steps. */
const FIRST_STEPS = 3;
const RECENT_STEPS = 5;
/** How many standard errors completions must be longer or shorter: a run has hundreds of steps to be unlucky in. */
const LENGTH_ERRORS = 4;
/** Among fewer videos two equal captions may be chance. */
const FEWEST_CLIPS = 5;
/** So many benchmarks are remembered. */
const MEASURED = 40;

export const NOTHING_WATCHED: CollapseWatch = { first: [], recent: [], warnings: [] };

/**
 * What is known after one more training step. Pure: the same records give the same warnings. Signs are: completions of
 * different videos that say the same, completions far longer or shorter than at the start, and groups without
 * differences, from which nothing can be learnt.
 * @param metrics of the step's record.
 * @param groups how many groups of completions a step has.
 */
export function watchStep(
  watch: CollapseWatch,
  { step, metrics, groups }: { step: number; metrics: Readonly<Record<string, number>>; groups?: number },
  config: CollapseConfig,
): CollapseWatch {
  const { 'reward/mean': reward, 'train/completionLength': length, 'train/distinctCaptions': distinct } = metrics;
  const seen: WatchedStep = {
    ...(reward !== undefined && { reward }),
    ...(length !== undefined && { length }),
    ...(distinct !== undefined && { distinct }),
  };
  const [lengths, rewards] = [withChange(watch, seen, 'length'), withChange(watch, seen, 'reward')];
  const uniform = uniformGroups(watch.uniform ?? [], metrics['reward/uniformShare'], config, groups);
  const next: CollapseWatch = {
    ...watch,
    first: watch.first.length < FIRST_STEPS ? [...watch.first, seen] : watch.first,
    recent: [...watch.recent, seen].slice(-RECENT_STEPS),
    noise: { ...(lengths && { length: lengths }), ...(rewards && { reward: rewards }) },
    uniform: uniform.shares,
  };
  const isFull = next.recent.length === RECENT_STEPS;
  const captions = isFull ? meanOf(next.recent, 'distinct') : undefined;
  const lengthNow = isFull ? meanOf(next.recent, 'length') : undefined;
  const before = lengthNow === undefined ? undefined : lengthBefore(next, lengthNow, config);
  return withWarnings(next, step, {
    ...(captions !== undefined &&
      captions < config.minDistinctCaptions && { distinctCaptions: same(captions, config) }),
    ...(before !== undefined && lengthNow !== undefined && { length: longer(before, lengthNow) }),
    ...(uniform.sentence !== undefined && { uniformGroups: uniform.sentence }),
  });
}

/**
 * What is known after a held-out benchmark: whether its captions are all alike, and whether the policy has become worse
 * at what the benchmark measures while its training reward did not fall.
 */
export function watchEvaluation(
  watch: CollapseWatch,
  { step, metrics }: Pick<Evaluation, 'step' | 'metrics'>,
  heldOut: HeldOutMetric,
  config: CollapseConfig,
): CollapseWatch {
  const { distinctCaptions, clips = 0, [heldOut.metric]: value } = metrics;
  const captions =
    distinctCaptions !== undefined && clips >= FEWEST_CLIPS ? overFloor(distinctCaptions / 100, clips) : undefined;
  const reward = rewardNow(watch);
  const bound = metrics[`${heldOut.metric}${heldOut.mode === 'max' ? 'Low' : 'High'}`];
  const next: CollapseWatch =
    value === undefined
      ? watch
      : {
          ...watch,
          measured: [
            ...(watch.measured ?? []),
            {
              ...{ step, value },
              ...(bound !== undefined && { slack: Math.abs(value - bound) }),
              ...(reward !== undefined && { reward }),
            },
          ].slice(-MEASURED),
        };
  const fall = value === undefined ? undefined : heldOutFall(next, heldOut);
  return withWarnings(next, step, {
    ...(captions !== undefined &&
      captions < config.minDistinctCaptions && { distinctCaptions: same(captions, config) }),
    ...(fall !== undefined && { heldOut: fall }),
  });
}

/** Adds the kinds that were not reported before. */
function withWarnings(watch: CollapseWatch, step: number, seen: Partial<Record<CollapseKind, string>>): CollapseWatch {
  const fresh = Object.entries(seen)
    .map(([kind, sentence]): CollapseWarning => ({ kind: kind as CollapseKind, step, sentence }))
    .filter(({ kind }) => !watch.warnings.some((known) => known.kind === kind));
  return fresh.length === 0 ? watch : { ...watch, warnings: [...watch.warnings, ...fresh] };
}

/**
 * How many of `of` captions differ, from 0 (all are the same) to 1 (none occurs twice).
 * @param share of distinct captions, at least 1 / `of`.
 */
function overFloor(share: number, of: number): number {
  return (share * of - 1) / (of - 1);
}

/**
 * The first steps' mean length, if it is far from the present one: further than the config allows, and than the noise
 * of the steps explains. A policy may collapse within its first steps, so the first of them alone count, too.
 */
function lengthBefore(
  { first, noise }: CollapseWatch,
  now: number,
  { maxLengthChange }: CollapseConfig,
): number | undefined {
  const starts = [first, first.slice(0, 2), first.slice(0, 1)];
  return starts
    .map((steps) => ({ before: meanOf(steps, 'length') ?? 0, steps: steps.length }))
    .find(({ before, steps }) => {
      const error = noiseOf(noise?.length) * Math.sqrt(1 / steps + 1 / RECENT_STEPS);
      const change = Math.abs(now - before);
      return before > 0 && change / before > maxLengthChange && change > LENGTH_ERRORS * error;
    })?.before;
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

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
