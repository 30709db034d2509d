import { z } from 'zod';

/** What a sign of collapse is about. */
export const CollapseKind = z.enum(['distinctCaptions', 'length', 'uniformGroups', 'heldOut']);
export type CollapseKind = z.infer<typeof CollapseKind>;

/** A sign that the policy has collapsed, or has learnt to please the reward alone. */
export const CollapseWarning = z.strictObject({
  kind: CollapseKind,
  /** The step after which the run saw it. */
  step: z.int().nonnegative(),
  /** For people, without the step. */
  sentence: z.string(),
});
export type CollapseWarning = z.infer<typeof CollapseWarning>;

/** The numbers of a step that signs are looked for in; each is absent where the step has none. */
export const WatchedStep = z.strictObject({
  /** Mean reward. */
  reward: z.number().optional(),
  /** Mean tokens of a completion. */
  length: z.number().optional(),
  /** In [0, 1]: how many captions of different videos differ. */
  distinct: z.number().optional(),
});
export type WatchedStep = z.infer<typeof WatchedStep>;

/** How much a number changes from one step to the next. */
export const StepNoise = z.strictObject({
  /** How many changes were seen. */
  changes: z.int().positive(),
  /** The sum of their absolute values. */
  sum: z.number().nonnegative(),
});
export type StepNoise = z.infer<typeof StepNoise>;

/** A benchmark's value in points. */
export const MeasuredPolicy = z.strictObject({
  step: z.int().nonnegative(),
  value: z.number(),
  /** How far the bound of the 95% interval lies from the value, to the worse side; absent where there is none. */
  slack: z.number().nonnegative().optional(),
  /** Mean training reward at that time; absent for the start policy. */
  reward: z.number().optional(),
});
export type MeasuredPolicy = z.infer<typeof MeasuredPolicy>;

/**
 * What a run remembers of its steps and benchmarks to see a collapse: small, since it travels with every step. What an
 * older version remembered besides is left out.
 */
export const CollapseWatch = z.object({
  /** The first three steps, then no more. */
  first: z.array(WatchedStep),
  /** The last five steps. */
  recent: z.array(WatchedStep),
  /** The noise of the steps so far. */
  noise: z.strictObject({ length: StepNoise.optional(), reward: StepNoise.optional() }).optional(),
  /** The shares of uniform groups in the last steps. */
  uniform: z.array(z.number().min(0).max(1)).optional(),
  /** The last benchmarks. */
  measured: z.array(MeasuredPolicy).optional(),
  /** One a kind, in the order in which they were seen. */
  warnings: z.array(CollapseWarning),
});
export type CollapseWatch = z.infer<typeof CollapseWatch>;

/** `Collapse, step 14: ...`, for people. */
export function collapseSentence({ step, sentence }: CollapseWarning): string {
  return `The policy may have collapsed (step ${step}): ${sentence}`;
}
