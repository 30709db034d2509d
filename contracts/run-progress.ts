import { z } from 'zod';
import { ExperimentConfig } from '../configs/schema.ts';
import { PolicyRef } from '../core/policy-ref.ts';
import { JudgeSpending } from '../judge/usage.ts';
import { Evaluation } from './run-results.ts';

/** What a person may change of a run that is under way. What is left out stays as it was. */
export const Limits = z.strictObject({
  /** Instead of `judge.budget.usd`. */
  judgeBudgetUsd: z.number().nonnegative().optional(),
  /** Instead of `judge.budget.calls`. */
  judgeBudgetCalls: z.int().nonnegative().optional(),
  /** Instead of the method's `steps`. The learning-rate schedule stays that of the config. */
  maxSteps: z.int().nonnegative().optional(),
});
export type Limits = z.infer<typeof Limits>;

/**
 * A run after one of its steps, as it lies in the store beside the step's record: all that another execution needs to go
 * on from there (`resume`), or to try something else from there (`fork`).
 */
export const RunProgress = z.strictObject({
  config: ExperimentConfig,
  /** Milliseconds since the epoch. */
  startTime: z.int(),
  step: z.int().nonnegative(),
  /** The policy training started from, and that the KL is measured to. */
  reference: PolicyRef,
  policy: PolicyRef,
  evaluations: z.array(Evaluation),
  spent: JudgeSpending,
  limits: Limits,
  lastMetrics: z.record(z.string(), z.number()),
  secondsPerStep: z.number().optional(),
  /** Records up to this step were in MLflow. */
  mirroredStep: z.int(),
});
export type RunProgress = z.infer<typeof RunProgress>;

export const FindProgressInput = z.strictObject({ run: z.string().min(1) });
/** Absent: the run ended before its first benchmark. */
export const FindProgressOutput = z.strictObject({ progress: RunProgress.optional() });

export const ForkProgressInput = z.strictObject({
  /** The parent's key in the store, and the step to start from. */
  from: z.strictObject({ run: z.string().min(1), step: z.int().nonnegative() }),
  runKey: z.string().min(1),
  overrides: z.record(z.string(), z.unknown()),
});
export const ForkProgressOutput = z.strictObject({ progress: RunProgress });
