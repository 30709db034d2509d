import pLimit from 'p-limit';
import type { Clock } from './clock.ts';
import { JudgeError, type Passing } from './judge-error.ts';

/** What one request takes of the two limits, tokens estimated. */
export interface Load {
  requestsPerMinute?: number | undefined;
  tokensPerMinute?: number | undefined;
  tokens: number;
}

/** A request that was let through. */
interface Started {
  at: number;
  tokens: number;
}

/** The endpoint's minute, and a second: requests do not arrive at the pace at which they leave. */
const MINUTE = 61_000;
/** A longer pause is not sat out: the attempt ends, and Temporal begins the next one when the pause is over. */
export const LONGEST_PAUSE = 5000;
/** So much of a delay is made up for, so that timers that are late do not add up. Less than that second. */
const MADE_UP = 500;
/** A correction of the estimate is noticed within this time. */
const LOOK_AGAIN = 250;

/**
 * This worker's part of what an endpoint allows. Spreads requests evenly over the minute, in the order asked: in no
 * minute do more start than its part of the limit, nor more tokens. After a 429 nothing starts until its time is over.
 * No library keeps one limit for weights that are corrected afterwards and lets one waiter give up.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #workers: () => number;
  readonly #line = pLimit(1);
  /** From when on the next request may start, by each limit. */
  #nextRequest = 0;
  #nextTokens = 0;
  /** The requests of the last minute, where there is a limit of tokens. */
  #started: Started[] = [];
  #held: { until: number; why: Passing } | undefined;

  /** @param workers that keep to the limits together, each to an equal part. */
  constructor(clock: Clock, workers: () => number = () => 1) {
    this.#clock = clock;
    this.#workers = workers;
  }

  /**
   * Resolves when a request may start; gives what `correct` needs. Rejects with the signal's reason.
   * @throws JudgeError `Unavailable` where the endpoint wants a longer pause; `JudgeBlocked` where there are more
   * workers than requests a minute.
   */
  async turn(load: Load, signal?: AbortSignal): Promise<Started> {
    const started = { at: 0, tokens: load.tokens };
    const { requests, tokens } = this.#partOf(load);
    if (requests === undefined && tokens === undefined && !this.held) return started;
    await this.#line(async () => {
      for (;;) {
        signal?.throwIfAborted();
        const { held } = this;
        if (held && held.retryAfterMilliseconds > LONGEST_PAUSE) throw new JudgeError(held);
        const now = this.#clock.now();
        const from = Math.max(this.#nextRequest, this.#nextTokens, this.#roomFrom(load.tokens, tokens, now));
        const wait = Math.max(from, this.#held?.until ?? 0) - now;
        // A clock is no finer, and what is left of a sum of fractions is no pause.
        if (wait < 1) break;
        await this.#clock.sleep(Math.min(wait, LOOK_AGAIN), signal);
      }
      started.at = this.#clock.now();
      if (requests !== undefined) this.#nextRequest = this.#after(this.#nextRequest, MINUTE / requests);
      if (tokens === undefined) return;
      this.#nextTokens = this.#after(this.#nextTokens, (load.tokens * MINUTE) / tokens);
      this.#started.push(started);
    });
    return started;
  }

  /** Corrects an estimate by what the request really took. */
  correct(load: Load, started: Started, taken: number): void {
    const { tokens } = this.#partOf(load);
    if (tokens === undefined) return;
    this.#nextTokens += ((taken - started.tokens) * MINUTE) / tokens;
    started.tokens = taken;
  }

  /** The endpoint asks for fewer requests: no run of this worker starts one for so long. */
  hold(milliseconds: number, why: Passing): void {
    const until = this.#clock.now() + milliseconds;
    if (until > (this.#held?.until ?? 0)) this.#held = { until, why };
  }

  /** Why nothing starts, with how long that will be so. */
  get held(): (Passing & { retryAfterMilliseconds: number }) | undefined {
    const rest = (this.#held?.until ?? 0) - this.#clock.now();
    return this.#held && rest > 0 ? { ...this.#held.why, retryAfterMilliseconds: rest } : undefined;
  }

  /** A part is a whole number of requests: rounded up, all parts together would be more than the limit. */
  #partOf({ requestsPerMinute, tokensPerMinute }: Load): { requests?: number; tokens?: number } {
    const workers = this.#workers();
    if (requestsPerMinute !== undefined && requestsPerMinute < workers)
      throw new JudgeError({
        kind: 'blocked',
        sentence: `judge.requestsPerMinute is ${requestsPerMinute}, and ${workers} workers share it`,
        remedy:
          'serve the queue with no more workers than that, and give each their number (videocap worker ' +
          '--judge-workers N)',
      });
    return {
      ...(requestsPerMinute !== undefined && { requests: Math.floor(requestsPerMinute / workers) }),
      ...(tokensPerMinute !== undefined && { tokens: tokensPerMinute / workers }),
    };
  }

  #after(due: number, pause: number): number {
    const now = this.#clock.now();
    return (due < now - MADE_UP ? now : due) + pause;
  }

  /** When a request fits into the minute that ends with it; one that is larger than a minute's part goes alone. */
  #roomFrom(tokens: number, limit: number | undefined, now: number): number {
    if (limit === undefined) return 0;
    this.#started = this.#started.filter(({ at }) => at > now - MINUTE);
    let over = this.#started.reduce((sum, started) => sum + started.tokens, tokens) - limit;
    let from = 0;
    for (const started of this.#started) {
      if (over <= 0) break;
      over -= started.tokens;
      from = started.at + MINUTE;
    }
    return from;
  }
}

const limits = new Map<string, RateLimit>();
let judgeWorkers = 1;

/** How many workers ask the same endpoints as this process: it keeps to its equal part of every limit. */
export function shareLimitsAmong(workers: number): void {
  judgeWorkers = workers;
}

/** The limit that everything in this process shares for one model of one endpoint. */
export function sharedRateLimit(endpoint: string, clock: Clock): RateLimit {
  const limit = limits.get(endpoint) ?? new RateLimit(clock, () => judgeWorkers);
  limits.set(endpoint, limit);
  return limit;
}
