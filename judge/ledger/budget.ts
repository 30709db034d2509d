import { JudgeError } from '../client/judge-error.ts';
import type { Budget } from '../judge-config.ts';
import type { JudgeSpending } from '../usage.ts';

/** @throws JudgeError `JudgeBlocked` when what a run has spent leaves nothing for another question. */
export function checkBudget({ usd, calls }: Budget, spent: JudgeSpending): void {
  const reached = (sentence: string) =>
    new JudgeError({ kind: 'blocked', sentence, remedy: 'raise it with `videocap limits`' });
  if (calls !== undefined && spent.calls >= calls)
    throw reached(`The run has put ${spent.calls} questions to its judge, and judge.budget.calls is ${calls}`);
  if (usd !== undefined && spent.usd >= usd)
    throw reached(`The run's judge has cost ${spent.usd.toFixed(2)} USD, and judge.budget.usd is ${usd}`);
}
