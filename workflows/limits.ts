import { Limits } from '../contracts/limits.ts';
import { isLlm, isPriced, type JudgeConfig } from '../judge/judge-config.ts';

/**
 * `judge`: of the run that the limits are for, once it is known.
 * @throws Error with a sentence that names the field and shows a right one.
 */
export function parseLimits(raw: unknown, judge?: JudgeConfig): Limits {
  const parsed = Limits.safeParse(raw);
  if (parsed.success && parsed.data.judgeBudgetUsd && judge && isLlm(judge) && !isPriced(judge))
    throw new Error(
      'Wrong limits: judgeBudgetUsd would never be reached, since the run’s judge.price is 0. Set judgeBudgetCalls, or start the run with a price.',
    );
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'limits'}: ${message}`).join('; ');
  throw new Error(`Wrong limits: ${what}. Right ones are {"judgeBudgetUsd": 20, "maxSteps": 500}.`);
}

/** The judge with the budget that holds now. */
export function limitedJudge(judge: JudgeConfig, { judgeBudgetUsd, judgeBudgetCalls }: Limits): JudgeConfig {
  if (!isLlm(judge) || (judgeBudgetUsd === undefined && judgeBudgetCalls === undefined)) return judge;
  return {
    ...judge,
    budget: {
      ...judge.budget,
      ...(judgeBudgetUsd !== undefined && { usd: judgeBudgetUsd }),
      ...(judgeBudgetCalls !== undefined && { calls: judgeBudgetCalls }),
    },
  };
}
