import pLimit from 'p-limit';
import type { Clock } from './clock.ts';

/** What one request takes of the two limits, tokens estimated. */
export interface Load {
  requestsPerMinute?: number | undefined;
  tokensPerMinute?: number | undefined;
  tokens: number;
}

const MINUTE = 60_000;
/** A correction of the estimate is noticed within this time. */
const LOOK_AGAIN = 250;

/**
 * Spreads requests evenly over the minute, in the order asked: in no minute do more start than the limit, nor more
 * tokens. No library keeps one limit for weights that are corrected afterwards and lets one waiter give up.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #line = pLimit(1);
  /** From when on the next request may start, by each limit. */
  #nextRequest = 0;
  #nextTokens = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when a request may start. Rejects with the signal's reason. */
  async turn({ requestsPerMinute, tokensPerMinute, tokens }: Load, signal?: AbortSignal): Promise<void> {
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) return;
    await this.#line(async () => {
      for (;;) {
        signal?.throwIfAborted();
        const wait = Math.max(this.#nextRequest, this.#nextTokens) - this.#clock.now();
        if (wait <= 0) break;
        await this.#clock.sleep(Math.min(wait, LOOK_AGAIN), signal);
      }
      const now = this.#clock.now();
      if (requestsPerMinute !== undefined) this.#nextRequest = now + MINUTE / requestsPerMinute;
      if (tokensPerMinute !== undefined) this.#nextTokens = now + (tokens * MINUTE) / tokensPerMinute;
    });
  }

  /** Corrects an estimate by what the request really took. */
  correct({ tokensPerMinute, tokens }: Load, taken: number): void {
    if (tokensPerMinute !== undefined) this.#nextTokens += ((taken - tokens) * MINUTE) / tokensPerMinute;
  }
}

const limits = new Map<string, RateLimit>();

/** The limit that everything in this process shares for one model of one endpoint. */
export function sharedRateLimit(endpoint: string, clock: Clock): RateLimit {
  const limit = limits.get(endpoint) ?? new RateLimit(clock);
  limits.set(endpoint, limit);
  return limit;
}
