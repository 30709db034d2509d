import { Limits } from '../contracts/limits.ts';
import { isLlm, isPriced, type JudgeConfig } from '../judge/judge-config.ts';
import type { EngineConfig } from '../policy/policy-config.ts';
import type { ControllableRun } from './controllable-run.ts';

/**
 * `run`: whose limits these are, once it is known.
 * @throws Error with a sentence that names the field and shows a right one.
 */
export function parseLimits(raw: unknown, run?: LimitedRun): Limits {
  const parsed = Limits.safeParse(raw);
  if (parsed.success) {
    if (run) checkAgainst(run, parsed.data);
    return parsed.data;
  }
  const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'limits'}: ${message}`).join('; ');
  throw new Error(`Wrong limits: ${what}. Right ones are {"judgeBudgetUsd": 20, "maxSteps": 500}.`);
}

type LimitedRun = Pick<ControllableRun, 'judge' | 'ownBenchmarkJudge' | 'captioning'>;

function checkAgainst({ judge, ownBenchmarkJudge, captioning }: LimitedRun, limits: Limits) {
  const { judgeBudgetUsd, benchmarkJudgeBudgetUsd, benchmarkJudgeBudgetCalls } = limits;
  const { captionsBudgetUsd, captionsBudgetCalls } = limits;
  const isFree = (one: JudgeConfig) => isLlm(one) && !isPriced(one);
  const never = (field: string, section: string, instead: string) =>
    new Error(
      `Wrong limits: ${field} would never be reached, since the run’s ${section}.price is 0. Set ${instead}, or ` +
        'start the run with a price.',
    );
  if (judgeBudgetUsd && isFree(judge)) throw never('judgeBudgetUsd', 'judge', 'judgeBudgetCalls');
  if (captionsBudgetUsd !== undefined || captionsBudgetCalls !== undefined) {
    if (captioning?.engine.kind !== 'openai')
      throw new Error(
        'Wrong limits: captions of this run cost nothing, since no endpoint writes them. Leave out captionsBudgetUsd ' +
          'and captionsBudgetCalls.',
      );
    if (captionsBudgetUsd && !isPriced(captioning.engine))
      throw never('captionsBudgetUsd', 'policy.engine', 'captionsBudgetCalls');
  }
  if (benchmarkJudgeBudgetUsd === undefined && benchmarkJudgeBudgetCalls === undefined) return;
  if (!ownBenchmarkJudge)
    throw new Error(
      'Wrong limits: the run’s config has no benchmark.judge, so its judge pays for benchmarks. Set ' +
        'judgeBudgetUsd or judgeBudgetCalls.',
    );
  if (benchmarkJudgeBudgetUsd && isFree(ownBenchmarkJudge))
    throw never('benchmarkJudgeBudgetUsd', 'benchmark.judge', 'benchmarkJudgeBudgetCalls');
}

/** The engine with the budget for captions that holds now. */
export function limitedEngine(
  engine: EngineConfig,
  { captionsBudgetUsd: usd, captionsBudgetCalls: calls }: Limits,
): EngineConfig {
  if (engine.kind !== 'openai' || (usd === undefined && calls === undefined)) return engine;
  const budget = { ...engine.budget, ...(usd !== undefined && { usd }), ...(calls !== undefined && { calls }) };
  return { ...engine, budget };
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
