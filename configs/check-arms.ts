import { algorithmOf } from '../algorithms/registry.ts';
import { isMeasured } from '../benchmarks/held-out-metrics.ts';
import { VideocapError } from '../core/errors.ts';
import { isLlm, isPriced } from '../judge/judge-config.ts';
import { untrainable } from '../policy/endpoint-of.ts';
import { planJudge } from './judge-plan.ts';
import { type ConfigText, configOf } from './load-config.ts';
import type { SweepParts } from './load-sweep.ts';
import type { ExperimentConfig } from './schema.ts';
import type { PlainArm } from './sweep-arms.ts';
import { armFaults, refused } from './sweep-faults.ts';
import type { SweepFile } from './sweep-file.ts';

/** Clips that a held-out file counts for before a worker has read it: for shares of a budget alone. */
const LIKELY_CLIPS = 100;

/** An arm's config in each condition, checked as a run's is. */
export interface CheckedArm {
  arm: PlainArm;
  configs: { condition: string; config: ExperimentConfig }[];
  calls: number;
  steps: number;
}

/** The parts of a sweep that decide whether its arms are right. */
interface Checked extends Pick<SweepParts, 'arms' | 'conditions'> {
  file: Pick<SweepFile, 'set' | 'metric' | 'budget' | 'halving'>;
}

/**
 * Checks the config of every arm in every condition, before anything starts.
 * @param base the experiment's text. @param where how errors name the sweep.
 * @throws VideocapError `InvalidConfig`, with the arm, the field, its value and what to do.
 */
export async function checkArms(
  { file: { set, metric, budget, halving }, arms, conditions }: Checked,
  base: ConfigText,
  where: string,
  signal?: AbortSignal,
): Promise<CheckedArm[]> {
  const faults: string[] = [];
  const checked: CheckedArm[] = [];
  for (const arm of arms) {
    const configs: CheckedArm['configs'] = [];
    for (const condition of conditions.length > 0 ? conditions : [{ name: undefined, set: {} }]) {
      const start = arm.after === undefined ? {} : { 'policy.model': `run:${arm.after}@1` };
      const overrides = { ...set, ...condition.set, ...arm.set, ...start };
      const owner = `arm "${arm.name}"${condition.name === undefined ? '' : `, condition "${condition.name}"`}`;
      try {
        const config = await configOf(base, overrides, signal);
        const fault = unfit(config, metric, budget);
        if (fault !== undefined) faults.push(`${owner}: ${fault}`);
        configs.push({ condition: condition.name ?? '', config });
      } catch (error) {
        if (!(error instanceof VideocapError)) throw error;
        faults.push(`${owner}: ${error.message.replaceAll(/\.$/gm, '')}`);
        break; // the other conditions have the same fault
      }
    }
    const steps = configs.map(({ config }) => config.algorithm.steps);
    if (halving && new Set(steps).size > 1)
      faults.push(
        `arm "${arm.name}" has ${steps.join(', ')} steps: with halving, leave algorithm.steps out of conditions`,
      );
    const calls = Math.max(0, ...configs.map(({ config }) => expectedCalls(config)));
    checked.push({ arm, configs, calls, steps: Math.max(0, ...steps) });
  }
  if (faults.length > 0) throw refused(where, faults);
  if ((budget.usd ?? budget.calls) !== undefined && checked.every(({ calls }) => calls === 0))
    throw refused(where, ['budget is set, and no arm asks a language model; leave it out, or set judge.kind to llm']);
  return checked;
}

/** Why a sweep cannot use a config that is right by itself. */
function unfit(
  { benchmark, judge, policy }: ExperimentConfig,
  metric: string,
  { usd }: SweepFile['budget'],
): string | undefined {
  const fault = untrainable(policy);
  if (fault !== undefined) return fault.replace(/\.$/, '');
  if (!isMeasured(metric, benchmark.metrics))
    return `its benchmark does not measure ${metric}; set metric to another, or add to benchmark.metrics`;
  if (usd !== undefined && isLlm(judge) && !isPriced(judge))
    return 'judge.price is 0, so that budget.usd is never reached; set judge.price, or budget.calls';
  return undefined;
}

/** Questions that a run puts to a language model, at most. */
function expectedCalls(config: ExperimentConfig): number {
  const { algorithm, sampling, dataset } = config;
  const isSampled = algorithmOf(algorithm).learnsFrom === 'completions';
  const texts = isSampled ? algorithm.samplesPerStep * sampling.groupSize : 0;
  const { training, benchmark } = planJudge(
    config,
    texts,
    dataset.kind === 'shapes' ? dataset.heldOutSamples : LIKELY_CLIPS,
  );
  return training + benchmark;
}

/**
 * Checks an arm that joins a sweep which has begun, as `parseSweep` and `checkArms` check those of its file.
 * @param plan the sweep, as it is. @param base the experiment's text.
 * @throws VideocapError `InvalidConfig`.
 */
export async function checkAddedArm(
  plan: Checked['file'] & Pick<SweepParts, 'arms' | 'conditions'> & { name: string },
  arm: PlainArm,
  base: ConfigText,
  signal?: AbortSignal,
): Promise<CheckedArm> {
  const faults = armFaults([...plan.arms, arm], []);
  const where = `sweep ${plan.name}`;
  if (faults.length > 0) throw refused(where, faults);
  const [checked] = await checkArms({ file: plan, arms: [arm], conditions: plan.conditions }, base, where, signal);
  return checked!;
}
