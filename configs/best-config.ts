import { z } from 'zod';

/** Which checkpoint of a run is the best, and how long to wait for a better one. */
export const BestConfig = z.strictObject({
  /** Of the held-out benchmark, such as `eventF1`; every `benchmark.everySteps` steps. */
  metric: z.string().min(1),
  /** Whether more of it is better, or less. */
  mode: z.enum(['max', 'min']).default('max'),
  /** The run ends after so many evaluations in a row without a better one; absent: with its last step. */
  patience: z.int().min(1).optional(),
  /** What must be exceeded for an evaluation to count as better, in the metric's own unit; for `patience` alone. */
  minDelta: z.number().nonnegative().default(0),
});
export type BestConfig = z.infer<typeof BestConfig>;
