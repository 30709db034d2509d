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

/** What a run remembers of its steps and benchmarks to see a collapse: small, since it travels with every step. */
export const CollapseWatch = z.strictObject({
  /** The first three steps, then no more. */
  first: z.array(WatchedStep),
  /** The last five steps. */
  recent: z.array(WatchedStep),
  /** Steps in a row in which too many groups were uniform. */
  uniformSteps: z.int().nonnegative(),
  /** The best benchmark so far, in points, and the mean training reward at that time. */
  best: z
    .strictObject({
      step: z.int().nonnegative(),
      value: z.number(),
      /** What a worse value must pass to count: the bound of the 95% interval. */
      bound: z.number(),
      reward: z.number().optional(),
    })
    .optional(),
  /** One a kind, in the order in which they were seen. */
  warnings: z.array(CollapseWarning),
});
export type CollapseWatch = z.infer<typeof CollapseWatch>;

/** `Collapse, step 14: ...`, for people. */
export function collapseSentence({ step, sentence }: CollapseWarning): string {
  return `The policy may have collapsed (step ${step}): ${sentence}`;
}
