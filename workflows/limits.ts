import type { JudgeConfig } from '../configs/schema.ts';
import { Limits } from '../core/run-progress.ts';

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
