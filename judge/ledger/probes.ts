import type { LlmEndpoint, PaidRequest } from '../client/llm-client.ts';
import { CAPTION, exampleQuestion } from '../providers/example.ts';
import type { Account } from './account.ts';
import { valueIn } from './shared-state.ts';

/**
 * Questions whose answer is known, by which a run learns whether its endpoint works at all. They are in no ledger,
 * since no result needs them, but the run pays for them, so they count for its budget and its spending.
 */
export class Probes {
  readonly #endpoint: LlmEndpoint;
  readonly #account: Account;
  readonly #place: string;
  /** What they have brought in this process, by place: a stage that is tried again has paid for those before, too. */
  readonly #paid: Map<string, PaidRequest[][]>;

  constructor(endpoint: LlmEndpoint, account: Account, place: string, paid: Map<string, PaidRequest[][]>) {
    this.#endpoint = endpoint;
    this.#account = account;
    this.#place = place;
    this.#paid = paid;
    for (const [i, attempts] of (paid.get(place) ?? []).entries()) this.#count(i, attempts);
  }

  /** Asks one more. @throws what the endpoint throws, and VideocapError `JudgeBlocked` when the budget is reached. */
  async ask(signal: AbortSignal | undefined): Promise<void> {
    const paid = valueIn(this.#paid, this.#place, () => []);
    const number = paid.length;
    await this.#account.reserve(keyOf(number), signal);
    try {
      const { attempts } = await this.#endpoint.ask(exampleQuestion(CAPTION), signal);
      paid.push(attempts);
      this.#count(number, attempts);
      this.#account.took(attempts);
    } finally {
      this.#account.release(keyOf(number));
    }
  }

  #count(number: number, attempts: readonly PaidRequest[]): void {
    this.#account.ask();
    this.#account.pay(keyOf(number), { attempts, repeated: 0 });
  }
}

function keyOf(number: number): string {
  return `probe ${number}`;
}
