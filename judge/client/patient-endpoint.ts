import type { Question } from '../questions/question.ts';
import { CLOCK, type Clock } from './clock.ts';
import { JudgeError, problemOf } from './judge-error.ts';
import type { AskObserver, Exchange, LlmEndpoint } from './llm-client.ts';

/** What a run can wait for. */
export type WaitedFor = 'judge' | 'captioner' | 'rollout server';

/** The moment since which no answer has come, over all attempts at a stage. Times are milliseconds since the epoch. */
export interface OutageClock {
  since(): number;
  answered(): void;
  /** A question got no answer, for this reason. @param of what is waited for; default the judge. */
  failed?(why: string, of?: WaitedFor): void;
}

/** For clients outside of activities: the time without an answer starts now. */
export function startOutageClock({ now }: Pick<Clock, 'now'> = CLOCK): OutageClock {
  let since = now();
  return {
    since: () => since,
    answered: () => {
      since = now();
    },
  };
}

/**
 * An endpoint with the patience of `judge.patienceSeconds`: a fault that passes is `Unavailable`, to be tried again,
 * until no answer has come for so long; then it is `JudgeBlocked`, and the run pauses until a person resumes it.
 */
export class PatientEndpoint implements LlmEndpoint {
  readonly #endpoint: LlmEndpoint;
  readonly #seconds: number;
  readonly #outage: OutageClock;
  readonly #now: () => number;

  constructor(endpoint: LlmEndpoint, seconds: number, outage: OutageClock, { now }: Pick<Clock, 'now'> = CLOCK) {
    this.#endpoint = endpoint;
    this.#seconds = seconds;
    this.#outage = outage;
    this.#now = now;
  }

  get name() {
    return this.#endpoint.name;
  }

  identity(question: Question<unknown>): Record<string, string | number> {
    return this.#endpoint.identity(question);
  }

  async ask<T>(question: Question<T>, signal?: AbortSignal, observer?: AskObserver): Promise<Exchange<T>> {
    try {
      const exchange = await this.#endpoint.ask(question, signal, observer);
      this.#outage.answered();
      return exchange;
    } catch (error) {
      if (!(error instanceof JudgeError && error.fault.kind === 'unavailable')) throw error;
      this.#outage.failed?.(problemOf(error.fault));
      throw asPatience({ field: 'judge.patienceSeconds', seconds: this.#seconds }, error, this.#outage, this.#now());
    }
  }
}

/** How long an endpoint may give no answer at all, and the config field that sets it. */
export interface Patience {
  field: string;
  seconds: number;
}

/**
 * A fault that passes, while the patience lasts; after that, one that a person must look at. @param now milliseconds.
 */
export function asPatience(
  { field, seconds }: Patience,
  error: JudgeError,
  outage: OutageClock,
  now: number,
): JudgeError {
  const away = (now - outage.since()) / 1000;
  if (away < seconds) return error;
  return new JudgeError({
    kind: 'blocked',
    sentence: `No answer has come for ${Math.round(away)} s, and ${field} is ${seconds}. ${problemOf(error.fault)}`,
    remedy: 'check the endpoint',
  });
}
