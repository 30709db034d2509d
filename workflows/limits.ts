import { Limits } from '../contracts/limits.ts';
import { isLlm, isPriced, type JudgeConfig } from '../judge/judge-config.ts';
import type { ControllableRun } from './controllable-run.ts';

/**
 * `run`: whose limits these are, once it is known.
 * @throws Error with a sentence that names the field and shows a right one.
 */
export function parseLimits(raw: unknown, run?: Pick<ControllableRun, 'judge' | 'ownBenchmarkJudge'>): Limits {
  const parsed = Limits.safeParse(raw);
  if (parsed.success) {
    if (run) checkAgainst(run, parsed.data);
    return parsed.data;
  }
  const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'limits'}: ${message}`).join('; ');
  throw new Error(`Wrong limits: ${what}. Right ones are {"judgeBudgetUsd": 20, "maxSteps": 500}.`);
}

function checkAgainst(
  { judge, ownBenchmarkJudge }: Pick<ControllableRun, 'judge' | 'ownBenchmarkJudge'>,
  limits: Limits,
) {
  const { judgeBudgetUsd, benchmarkJudgeBudgetUsd, benchmarkJudgeBudgetCalls } = limits;
  const isFree = (one: JudgeConfig) => isLlm(one) && !isPriced(one);
  const never = (field: string, section: string, instead: string) =>
    new Error(
      `Wrong limits: ${field} would never be reached, since the run’s ${section}.price is 0. Set ${instead}, or ` +
        'start the run with a price.',
    );
  if (judgeBudgetUsd && isFree(judge)) throw never('judgeBudgetUsd', 'judge', 'judgeBudgetCalls');
  if (benchmarkJudgeBudgetUsd === undefined && benchmarkJudgeBudgetCalls === undefined) return;
  if (!ownBenchmarkJudge)
    throw new Error(
      'Wrong limits: the run’s config has no benchmark.judge, so its judge pays for benchmarks. Set ' +
        'judgeBudgetUsd or judgeBudgetCalls.',
    );
  if (benchmarkJudgeBudgetUsd && isFree(ownBenchmarkJudge))
    throw never('benchmarkJudgeBudgetUsd', 'benchmark.judge', 'benchmarkJudgeBudgetCalls');
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
