import type { BestConfig } from '../configs/best-config.ts';
import type { BestSoFar, EndedEarly } from '../contracts/best.ts';
import type { Evaluation } from '../contracts/run-results.ts';

type Measured = Pick<Evaluation, 'step' | 'metrics'>;

/**
 * The best checkpoint after another evaluation. An evaluation counts once, however often it is passed; one that has no
 * value for the metric (the judge could score no clip) counts neither for nor against.
 *
 * The best checkpoint is the one with the best value, the earlier of equals. `waited` follows Lightning's
 * `EarlyStopping`: only what is better by more than `minDelta` than the last value that was, ends the waiting.
 */
export function bestAfter(
  best: BestSoFar | undefined,
  { step, metrics }: Measured,
  { metric, mode, minDelta }: BestConfig,
): BestSoFar | undefined {
  const value = metrics[metric];
  if (value === undefined || !Number.isFinite(value)) return best;
  if (!best) return { step, value, mark: value, waited: 0, measuredStep: step };
  if (step <= best.measuredStep) return best;
  const gain = (than: number) => (mode === 'max' ? value - than : than - value);
  const isBest = gain(best.value) > 0;
  const isWorthWhile = gain(best.mark) > minDelta;
  return {
    ...(isBest ? { step, value, before: best.step } : pick(best)),
    mark: isWorthWhile ? value : best.mark,
    waited: isWorthWhile ? 0 : best.waited + 1,
    measuredStep: step,
  };
}

/** Why the run ends before its last step, if it does. */
export function endedEarly(best: BestSoFar | undefined, config: BestConfig | undefined): EndedEarly | undefined {
  if (!best || config?.patience === undefined || best.waited < config.patience) return undefined;
  const { metric, mode, minDelta } = config;
  const by = minDelta > 0 ? ` by more than ${minDelta}` : '';
  const evaluations = best.waited === 1 ? 'the last evaluation' : `the last ${best.waited} evaluations`;
  const exceeded = `${mode === 'max' ? 'risen above' : 'fallen below'} ${Number(best.mark.toPrecision(5))}${by}`;
  return `${metric} has not ${exceeded} in ${evaluations} (checkpoints.best.patience)`;
}

/**
 * The checkpoints that stay though they are old: those that were the best when they were measured. The two latest are
 * enough, since a step removes only the checkpoint of two steps before. A run that is resumed or forked from before a
 * better one was found needs the one before.
 */
export function bestSteps(best: BestSoFar | undefined): number[] {
  return best ? [best.step, best.before].filter((step) => step !== undefined) : [];
}

/** @returns the sentence for a metric that the first benchmark did not measure, though nothing was unscorable. */
export function unknownMetric({ metrics }: Measured, { metric }: BestConfig): string | undefined {
  if (metrics[metric] !== undefined || (metrics.unscorable ?? 0) > 0) return undefined;
  const known = Object.keys(metrics).filter((name) => !/(Low|High)$/.test(name));
  const fault = `checkpoints.best.metric is "${metric}", which the held-out benchmark does not measure`;
  return `${fault}; set one of ${known.join(', ')}.`;
}

function pick({ step, value, before }: BestSoFar): Pick<BestSoFar, 'step' | 'value' | 'before'> {
  return { step, value, ...(before !== undefined && { before }) };
}
