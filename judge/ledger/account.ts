import { JudgeError } from '../client/judge-error.ts';
import type { PaidRequest } from '../client/llm-client.ts';
import type { Budget, Price } from '../judge-config.ts';
import { costOf, type JudgeSpending, type JudgeUsage, usageOf } from '../usage.ts';

/** What the account needs of a paid question. */
interface Paid {
  attempts: readonly PaidRequest[];
  repeated: number;
}

/**
 * What one place in a run has paid its judge, and what it has reserved. Keeps sums, and only the key of each question,
 * since a benchmark asks hundreds of thousands.
 *
 * A run never exceeds a budget of calls. It exceeds a USD budget by at most one question: each question in flight
 * reserves the highest cost so far, and a question that would exceed the budget waits. Until the first cost is known,
 * the run asks one question at a time. (A question that costs more than all before it may add to the excess.)
 */
export class Account {
  readonly #price: Price;
  readonly #budget: Budget;
  /** Before this place. */
  readonly #spent: JudgeSpending;
  readonly #paid = new Set<string>();
  readonly #asking = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  readonly #latencies: number[] = [];
  #inputTokens = 0;
  #outputTokens = 0;
  #repeated = 0;
  #questions = 0;
  /** USD that a question has cost. */
  #highestCost: number | undefined;

  constructor(price: Price, budget: Budget, spent: JudgeSpending) {
    this.#price = price;
    this.#budget = budget;
    this.#spent = spent;
    if (spent.calls > 0) this.#highestCost = spent.usd / spent.calls;
  }

  get isLimited(): boolean {
    return this.#budget.usd !== undefined || this.#budget.calls !== undefined;
  }

  get usage(): JudgeUsage {
    const [calls, repeated] = [this.#paid.size, this.#repeated];
    const tokens = { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens };
    return usageOf({ calls, repeated, ...tokens }, this.#questions, this.#latencies, this.#price);
  }

  /**
   * Resolves when the budget has room for one more question, which counts as being asked from then on.
   * @throws VideocapError `JudgeBlocked` when the budget is reached.
   */
  async reserve(key: string, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const usd = this.#spent.usd + this.#usd;
      checkBudget(this.#budget, { usd, calls: this.#spent.calls + this.#paid.size + this.#asking.size });
      if (this.#asking.size === 0 || this.#budget.usd === undefined) break;
      if (this.#highestCost !== undefined && usd + this.#asking.size * this.#highestCost < this.#budget.usd) break;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#asking.add(key);
  }

  /** The question is not being asked any more. */
  release(key: string): void {
    if (this.#asking.delete(key)) for (const look of this.#waiting.splice(0)) look();
  }

  /** Notes what this place has paid for, now or before it was done again. A second time changes nothing. */
  pay(key: string, { attempts, repeated }: Paid): void {
    if (!this.#paid.has(key)) {
      this.#paid.add(key);
      const before = this.#usd;
      for (const { inputTokens, outputTokens } of attempts) {
        this.#inputTokens += inputTokens;
        this.#outputTokens += outputTokens;
      }
      this.#repeated += repeated;
      this.#highestCost = Math.max(this.#highestCost ?? 0, this.#usd - before);
    }
    this.release(key);
  }

  /** Notes that a question was put to the ledger. */
  ask(): void {
    this.#questions++;
  }

  /** Notes how long requests took that were made now. */
  took(attempts: readonly PaidRequest[]): void {
    for (const { seconds } of attempts) this.#latencies.push(seconds);
  }

  get #usd(): number {
    return costOf({ inputTokens: this.#inputTokens, outputTokens: this.#outputTokens }, this.#price);
  }
}

/** @throws JudgeError `JudgeBlocked` when what a run has spent leaves nothing for another question. */
function checkBudget({ usd, calls }: Budget, spent: JudgeSpending): void {
  const reached = (sentence: string) =>
    new JudgeError({ kind: 'blocked', sentence, remedy: 'raise it with `videocap limits`' });
  if (calls !== undefined && spent.calls >= calls)
    throw reached(`The run has put ${spent.calls} questions to its judge, and judge.budget.calls is ${calls}`);
  if (usd !== undefined && spent.usd >= usd)
    throw reached(`The run's judge has cost ${spent.usd.toFixed(2)} USD, and judge.budget.usd is ${usd}`);
}
