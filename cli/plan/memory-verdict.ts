import { VideocapError } from '../../core/errors.ts';
import type { ExperimentPlan } from './plan-experiment.ts';

/** Shares of the memory: from the first on a plan is warned of, above the second it is refused. Formulas err. */
const WARNED = 0.85;
const REFUSED = 1.15;

/** The end of a sentence where memory is short; `undefined` where there is enough, and where the plan is refused. */
export function memoryWarning(plan: ExperimentPlan): string | undefined {
  const { peak, limit } = plan.policy.memory;
  if (peak <= WARNED * limit || peak > REFUSED * limit) return undefined;
  const share = Math.round((100 * peak) / limit);
  return `this plan takes ${share}% of the memory, and its formulas may err by a quarter: ${remedies(plan)}`;
}

/** @throws VideocapError `InvalidConfig` where the memory cannot be enough. */
export function requireFits(plan: ExperimentPlan): void {
  const { peak, limit, gpus, update, sampling } = plan.policy.memory;
  if (peak <= REFUSED * limit) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toPrecision(3)} GB`;
  const [largest, bytes] = [...Object.entries(update), ...Object.entries(sampling)].sort((a, b) => b[1] - a[1])[0]!;
  throw new VideocapError(
    'InvalidConfig',
    `The plan needs ${gigabytes(peak)} of memory on ${gpus > 0 ? 'each GPU' : 'this machine'}, ${gigabytes(bytes)} ` +
      `of it for ${largest}, and there are ${gigabytes(limit)}: ${remedies(plan)}.`,
  );
}

function remedies({ engine, policy: { memory, parameters } }: ExperimentPlan): string {
  if (engine.kind !== 'torch')
    return 'lower sampling.maxNewTokens, frames.count or frames.maxPixels, or use a smaller policy.model';
  const adapters = parameters.trained > parameters.total / 10 ? 'set policy.engine.lora, ' : '';
  return (
    `${adapters}raise policy.engine.ranks above ${memory.gpus}, or lower policy.engine.tokensPerMicroBatch, ` +
    'frames.count or frames.maxPixels'
  );
}
