import { rateLimited } from './openai-faults.ts';
import type { Answer } from './openai-server.ts';

const MINUTE = 60_000;

/** What an endpoint with a limit has seen. Times are those of `performance.now()`. */
export class RateLimitedJudge {
  /** Every request that arrived, and whether it was within the limit. */
  readonly arrivals: { at: number; taken: boolean }[] = [];
  readonly #perMinute: number;
  readonly #answer: Answer;

  constructor(requestsPerMinute: number, answer: Answer) {
    this.#perMinute = requestsPerMinute;
    this.#answer = answer;
  }

  /** The model's answer; 429, with the time until there is room again, above the limit in any minute. */
  readonly answer: Answer = (question, request) => {
    const at = performance.now();
    const within = this.arrivals.filter((arrival) => arrival.taken && arrival.at > at - MINUTE);
    const taken = within.length < this.#perMinute;
    this.arrivals.push({ at, taken });
    if (taken) return this.#answer(question, request);
    const milliseconds = Math.ceil(within[0]!.at + MINUTE - at);
    return rateLimited({ 'retry-after-ms': `${milliseconds}` });
  };

  get refused(): number {
    return this.arrivals.filter(({ taken }) => !taken).length;
  }

  /** The most requests, refused ones too, in any minute. */
  get mostPerMinute(): number {
    return Math.max(...this.arrivals.map(({ at }) => this.between(at, at + MINUTE)));
  }

  /** Requests that were answered from the `from`th millisecond after the first one on, for a minute. */
  minuteFrom(from: number): number {
    const start = this.arrivals[0]!.at + from;
    return this.between(start, start + MINUTE, true);
  }

  between(from: number, to: number, answered = false): number {
    return this.arrivals.filter(({ at, taken }) => at >= from && at < to && (taken || !answered)).length;
  }
}
