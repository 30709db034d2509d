import { z } from 'zod';
import type { JudgeConfig } from '../configs/schema.ts';

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

/** @throws Error with a sentence that names the field and shows a right one. */
export function parseLimits(raw: unknown): Limits {
  const parsed = Limits.safeParse(raw);
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'limits'}: ${message}`).join('; ');
  throw new Error(`Wrong limits: ${what}. Right ones are {"judgeBudgetUsd": 20, "maxSteps": 500}.`);
}

/** The judge with the budget that holds now. */
export function limitedJudge(judge: JudgeConfig, { judgeBudgetUsd, judgeBudgetCalls }: Limits): JudgeConfig {
  if (judge.kind !== 'openai' || (judgeBudgetUsd === undefined && judgeBudgetCalls === undefined)) return judge;
  return {
    ...judge,
    budget: {
      ...judge.budget,
      ...(judgeBudgetUsd !== undefined && { usd: judgeBudgetUsd }),
      ...(judgeBudgetCalls !== undefined && { calls: judgeBudgetCalls }),
    },
  };
}
