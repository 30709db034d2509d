import { VideocapError } from '../../core/errors.ts';
import type { Endpoint, Exchange, Question, Watch } from '../questions/question.ts';
import { CLOCK, type Clock } from './clock.ts';

/** Since when no answer has come, over all attempts at a stage. Times are milliseconds since the epoch. */
export interface Waiting {
  since(): number;
  answered(): void;
}

/** For askers outside of activities: the wait starts now. */
export function waitingFromNow({ now }: Pick<Clock, 'now'> = CLOCK): Waiting {
  let since = now();
  return {
    since: () => since,
    answered: () => {
      since = now();
    },
  };
}

/**
 * An endpoint with the patience of `judge.patienceSeconds`: a fault that passes is `Unavailable`, to be tried again, until no
 * answer has come for so long; then it is `JudgeBlocked`, and a person must look.
 */
export class PatientEndpoint implements Endpoint {
  readonly #endpoint: Endpoint;
  readonly #seconds: number;
  readonly #waiting: Waiting;
  readonly #now: () => number;

  constructor(endpoint: Endpoint, seconds: number, waiting: Waiting, { now }: Pick<Clock, 'now'> = CLOCK) {
    this.#endpoint = endpoint;
    this.#seconds = seconds;
    this.#waiting = waiting;
    this.#now = now;
  }

  get name() {
    return this.#endpoint.name;
  }

  identity(question: Question<unknown>): Record<string, string | number> {
    return this.#endpoint.identity(question);
  }

  async ask<T>(question: Question<T>, signal?: AbortSignal, watch?: Watch): Promise<Exchange<T>> {
    try {
      const exchange = await this.#endpoint.ask(question, signal, watch);
      this.#waiting.answered();
      return exchange;
    } catch (error) {
      if (!(error instanceof VideocapError && error.code === 'Unavailable')) throw error;
      const waited = (this.#now() - this.#waiting.since()) / 1000;
      if (waited < this.#seconds) throw error;
      throw new VideocapError(
        'JudgeBlocked',
        `No answer has come for ${Math.round(waited)} s, and judge.patienceSeconds is ${this.#seconds}. ` +
          `${error.message.replace(/ It will be asked again\.$/, '')} Look after the endpoint, then \`videocap resume\`.`,
      );
    }
  }
}
