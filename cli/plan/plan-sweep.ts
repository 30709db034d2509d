import { checkArms } from '../../configs/check-arms.ts';
import { type ConfigText, readConfig, shown } from '../../configs/load-config.ts';
import type { SweepParts } from '../../configs/load-sweep.ts';
import { MOST_RUNS } from '../../contracts/sweep-plan.ts';
import { VideocapError } from '../../core/errors.ts';
import { GPUS } from '../../policy/plan/gpus.ts';
import { parseRunCheckpoint } from '../../policy/run-checkpoint.ts';
import { alignedTable } from '../output/result-table.ts';
import { planExperiment } from './plan-experiment.ts';

/** What the runs of an arm in one condition take together. */
interface ArmPlan {
  arm: string;
  condition: string;
  seeds: number[];
  /** Of one run. */
  steps: number;
  /** Questions to a language model, at most, of all its runs; the ledger's answers cost nothing. */
  calls: number;
  /** USD, where `judge.price` is set. */
  cost?: number;
}

export interface SweepEstimate {
  name: string;
  arms: ArmPlan[];
  runs: number;
  calls: number;
  cost?: number;
}

/** What is assumed of engines of other machines: only counts are taken from the plan of a run. */
const HARDWARE = { gpu: GPUS['h100-80']!, mfu: 0.35 };

/**
 * Checks a sweep and counts what it takes. Starts nothing.
 * @throws VideocapError `InvalidConfig`.
 */
export async function planSweep(parts: SweepParts, file: string): Promise<SweepEstimate> {
  const base: ConfigText = await readConfig(parts.config);
  const arms: ArmPlan[] = [];
  for (const { arm, configs } of await checkArms(parts, base, shown(file)))
    for (const { condition, config } of configs) {
      const seeds = arm.seeds ?? parts.file.seeds;
      // The sizes of a model that another arm or run trains are those of the experiment's.
      const isTrained = arm.after !== undefined || parseRunCheckpoint(config.policy.model) !== undefined;
      const policy = isTrained ? { ...config.policy, model: await modelOf(parts, base) } : config.policy;
      const { judge, steps } = await planExperiment({ ...config, policy }, HARDWARE);
      arms.push({
        ...{ arm: arm.name, condition, seeds, steps },
        calls: seeds.length * (judge.training + judge.benchmark),
        ...(judge.cost !== undefined && { cost: seeds.length * judge.cost }),
      });
    }
  const runs = arms.reduce((sum, { seeds }) => sum + seeds.length, 0);
  if (runs > MOST_RUNS)
    throw new VideocapError(
      'InvalidConfig',
      `${shown(file)}: the sweep has ${runs} runs, more than ${MOST_RUNS}; leave out arms, conditions or seeds.`,
    );
  const costs = arms.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
  return {
    name: parts.file.name,
    arms,
    runs,
    calls: arms.reduce((sum, { calls }) => sum + calls, 0),
    ...(costs.length > 0 && { cost: costs.reduce((sum, cost) => sum + cost, 0) }),
  };
}

async function modelOf({ file }: SweepParts, base: ConfigText): Promise<string> {
  const [start] = await checkArms({ file, arms: [{ name: 'start', set: {} }], conditions: [] }, base, shown(base.name));
  return start!.configs[0]!.config.policy.model;
}

export function estimateLines({ name, arms, runs, calls, cost }: SweepEstimate): string[] {
  const isPriced = arms.some((arm) => arm.cost !== undefined);
  return [
    `Sweep ${name}: ${runs} run${runs === 1 ? '' : 's'}`,
    '',
    alignedTable(
      ['arm', 'condition', 'seeds', 'steps', 'judge calls', ...(isPriced ? ['USD'] : [])],
      arms.map((arm) => [
        ...[arm.arm, arm.condition, arm.seeds.join(' '), String(arm.steps), String(arm.calls)],
        ...(isPriced ? [(arm.cost ?? 0).toFixed(2)] : []),
      ]),
    ),
    '',
    calls === 0
      ? 'No arm asks a language model.'
      : `At most ${calls} questions to the judge${cost === undefined ? '' : `, ${cost.toFixed(2)} USD`}: equal ones ` +
        'are asked once, over all arms.',
  ];
}
