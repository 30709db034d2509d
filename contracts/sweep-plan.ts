import { z } from 'zod';
import { OverrideValue } from '../configs/override-value.ts';
import { WorkerPath } from './run-input.ts';

const Changes = z.record(z.string(), OverrideValue);

/** What of the budget a run has, or has spent. */
export const Share = z.strictObject({
  usd: z.number().nonnegative().optional(),
  calls: z.int().nonnegative().optional(),
});
export type Share = z.infer<typeof Share>;

export const SweepArm = z.strictObject({
  name: z.string().min(1).max(60),
  /** Changes of the experiment, by dotted key. */
  set: Changes,
  seeds: z.array(z.int().nonnegative()).min(1),
  /** The arm whose trained policy it starts from. */
  after: z.string().optional(),
  /** Questions that a run of it puts to a language model, at most. */
  calls: z.int().nonnegative(),
  /** Of a run. */
  steps: z.int().nonnegative(),
});
export type SweepArm = z.infer<typeof SweepArm>;

/** The most runs of a sweep: the state of all of them passes through continue-as-new. */
export const MOST_RUNS = 500;
/** Characters of the reason why a run has no result. */
export const LONGEST_REASON = 300;

/** A sweep as it was checked, with every arm written out. */
export const SweepPlan = z.strictObject({
  name: z.string().min(1).max(40),
  config: WorkerPath,
  /** Names the text of `config` that all runs have, whatever becomes of the file. */
  configHash: z.string().optional(),
  /** What all runs change. */
  set: Changes,
  metric: z.string(),
  reference: z.string(),
  concurrency: z.int().min(1),
  budget: z.strictObject({ usd: z.number().optional(), calls: z.int().optional() }),
  /** Successive halving. Absent: every arm makes all of its steps. */
  halving: z
    .strictObject({
      atSteps: z.array(z.int()),
      keep: z.number(),
      /** The arms that were stopped at each of them, so far. */
      stopped: z.array(z.array(z.string())),
    })
    .optional(),
  /** At least one; the only one of a sweep without conditions is called `all` and changes nothing. */
  conditions: z.array(z.strictObject({ name: z.string(), set: Changes })).min(1),
  arms: z.array(SweepArm).min(1),
});
export type SweepPlan = z.infer<typeof SweepPlan>;

/** One run of a sweep: an arm in a condition with a seed. */
export interface SweepRun {
  /** `grpo.few.s1`: its part of the workflow's id. */
  id: string;
  arm: string;
  condition: string;
  seed: number;
  /** Of the run whose trained policy it starts from. */
  after?: string;
  overrides: Record<string, OverrideValue>;
  /** See `SweepArm`. */
  calls: number;
  steps: number;
}

/** The condition of a sweep that has none. */
export const ONE_CONDITION = 'all';

/**
 * All runs of a sweep, in the order in which they begin: the first seeds of every arm first, so that a sweep that is
 * ended early has something of each.
 */
export function runsOf({ name, set, conditions, arms }: SweepPlan): SweepRun[] {
  const most = Math.max(...arms.map(({ seeds }) => seeds.length));
  return Array.from({ length: most }, (_, i) =>
    conditions.flatMap((condition) =>
      arms.flatMap(({ name: arm, set: own, seeds, after, calls, steps }): SweepRun[] => {
        const seed = seeds[i];
        if (seed === undefined) return [];
        const place = { arm, condition: condition.name, seed };
        return [
          {
            id: runId(place),
            ...place,
            ...(after !== undefined && { after: runId({ ...place, arm: after }) }),
            overrides: { ...set, ...condition.set, ...own, seed, name },
            calls,
            steps,
          },
        ];
      }),
    ),
  ).flat();
}

/** `3 arms · 2 conditions · 18 runs`: what a sweep is, in the lists of Temporal's UI. */
export function planTitle(plan: SweepPlan): string {
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  const { arms, conditions } = plan;
  return [count(arms.length, 'arm'), count(conditions.length, 'condition'), count(runsOf(plan).length, 'run')].join(
    ' · ',
  );
}

export function runId({ arm, condition, seed }: Pick<SweepRun, 'arm' | 'condition' | 'seed'>): string {
  return `${arm}.${condition}.s${seed}`;
}
