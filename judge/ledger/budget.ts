import { VideocapError } from '../../core/errors.ts';
import type { JudgeConfig } from '../judge-config.ts';
import type { JudgeSpending } from '../usage.ts';

export type Budget = Extract<JudgeConfig, { kind: 'openai' }>['budget'];

/** @throws VideocapError `JudgeBlocked` when what a run has spent leaves nothing for another question. */
export function checkBudget({ usd, calls }: Budget, spent: JudgeSpending): void {
  const raise = 'Raise it with `videocap limits`, then `videocap resume`.';
  if (calls !== undefined && spent.calls >= calls)
    throw new VideocapError(
      'JudgeBlocked',
      `The run has put ${spent.calls} questions to its judge, and judge.budget.calls is ${calls}. ${raise}`,
    );
  if (usd !== undefined && spent.usd >= usd)
    throw new VideocapError(
      'JudgeBlocked',
      `The run's judge has cost ${spent.usd.toFixed(2)} USD, and judge.budget.usd is ${usd}. ${raise}`,
    );
}
