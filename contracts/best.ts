import { z } from 'zod';

/** The best checkpoint of a run so far, by `checkpoints.best` of its config. */
export const BestSoFar = z.strictObject({
  step: z.int().nonnegative(),
  /** Of the metric. */
  value: z.number(),
  /** The step that was the best before this one. */
  before: z.int().nonnegative().optional(),
  /** The value that an evaluation must exceed by more than `minDelta` to end the waiting. */
  mark: z.number(),
  /** Evaluations since the last that did. */
  waited: z.int().nonnegative(),
  /** The last step whose evaluation was counted. */
  measuredStep: z.int().nonnegative(),
});
export type BestSoFar = z.infer<typeof BestSoFar>;

/** Why a run ended before its last step: a clause for people. */
export const EndedEarly = z.string();
export type EndedEarly = z.infer<typeof EndedEarly>;

/** The best checkpoint as reports and MLflow show it. */
export const BestCheckpoint = z.strictObject({
  step: z.int().nonnegative(),
  metric: z.string(),
  value: z.number(),
  endedEarly: EndedEarly.optional(),
});
export type BestCheckpoint = z.infer<typeof BestCheckpoint>;

/** `step 40, eventF1 61.2`, for people. */
export function bestSentence({ step, metric, value }: BestCheckpoint): string {
  return `step ${step}, ${metric} ${Number(value.toFixed(4))}`;
}
