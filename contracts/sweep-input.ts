import { z } from 'zod';
import { OverrideValue } from '../configs/override-value.ts';
import { Seeds } from '../configs/seeds.ts';
import { WorkerPath } from './run-input.ts';
import { MOST_RUNS, runsOf, Share, SweepArm, SweepPlan } from './sweep-plan.ts';

const Changes = z.record(z.string(), OverrideValue);

/** What a person types into the start form: the name of a sweep file. */
export const SweepInput = z.strictObject({
  /** The name of a sweep in `configs/`, such as `sft-vs-grpo`, or the path of a YAML file where the workers are. */
  sweep: WorkerPath,
  /** Of the file as a command has read it. Absent: the file is read when the sweep begins. */
  sweepHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Changes of all runs, over those of the file. */
  overrides: Changes.default({}),
  /**
   * A sweep that has ended continues: finished runs are looked up, others go on after their last step. Its key in the
   * store, and its arms, those that were added among them. `spent`: of the budget, by the ids of runs.
   */
  resume: z
    .strictObject({
      run: z.string().min(1).max(250),
      plan: SweepPlan,
      spent: z.record(z.string(), Share).optional(),
    })
    .optional(),
});
export type SweepInput = z.infer<typeof SweepInput>;

/** The memo of a sweep's execution: what `videocap resume` continues it with. */
export const SweepMemo = z.object({
  run: z.string().min(1),
  sweep: z.string(),
  plan: SweepPlan.optional(),
  /** What it is, as `planTitle` says. */
  summary: z.string().optional(),
});
export type SweepMemo = z.infer<typeof SweepMemo>;

export const ResolveSweepInput = SweepInput.omit({ resume: true });
export const ResolveSweepOutput = z.strictObject({
  plan: SweepPlan.refine((plan) => runsOf(plan).length <= MOST_RUNS, {
    error: ({ input }) =>
      `the sweep has ${runsOf(input as SweepPlan).length} runs, more than ${MOST_RUNS}: leave out arms, conditions ` +
      'or seeds',
  }),
});

/** An arm that is added to a sweep while it runs: as in the file, without `grid` and `random`. */
export const AddedArm = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  set: Changes.default({}),
  /** Default: those of the reference arm. */
  seeds: Seeds.optional(),
  after: z.string().optional(),
});
export type AddedArm = z.infer<typeof AddedArm>;

export const ResolveArmInput = z.strictObject({ plan: SweepPlan, arm: AddedArm });
export const ResolveArmOutput = z.strictObject({ arm: SweepArm });
