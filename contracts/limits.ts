import { z } from 'zod';

/** What a person may change of a run that is under way. What is left out stays as it was. */
export const Limits = z.strictObject({
  /** Instead of `judge.budget.usd`. */
  judgeBudgetUsd: z.number().nonnegative().optional(),
  /** Instead of `judge.budget.calls`. */
  judgeBudgetCalls: z.int().nonnegative().optional(),
  /** Instead of `benchmark.judge.budget`, where benchmarks have a judge of their own. */
  benchmarkJudgeBudgetUsd: z.number().nonnegative().optional(),
  benchmarkJudgeBudgetCalls: z.int().nonnegative().optional(),
  /** Instead of `policy.engine.budget`, where an endpoint writes captions. */
  captionsBudgetUsd: z.number().nonnegative().optional(),
  captionsBudgetCalls: z.int().nonnegative().optional(),
  /** Instead of `algorithm.steps`. The learning-rate schedule stays that of the config. */
  maxSteps: z.int().nonnegative().optional(),
});
export type Limits = z.infer<typeof Limits>;
