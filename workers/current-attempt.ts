import { Context } from '@temporalio/activity';
import type { Waiting } from '../activities/judge/patient-endpoint.ts';
import { VideocapError } from '../core/errors.ts';
import type { Fence } from '../core/fence.ts';

/** What a heartbeat carries: the last progress a stage reported. A hint for people; the artifact store is the truth. */
export interface Progress {
  done: number;
  total: number;
  what: string;
}

/** What the next attempt at the same activity finds of the last one. */
type Beat = Partial<Progress> & { answeredAt?: number; unexpected?: number | undefined };

/** What an attempt at an activity has said, and whether it may still store anything. */
export class CurrentAttempt implements Fence {
  /** Aborts when the activity is cancelled, or stopped from inside. */
  readonly signal: AbortSignal;
  readonly #context: Context;
  readonly #stopped = new AbortController();
  #claims: Fence | undefined;
  #lost: VideocapError | undefined;
  #beat: Beat;
  #beatAt = performance.now();
  #movedAt = performance.now();

  constructor(context: Context) {
    this.#context = context;
    this.signal = AbortSignal.any([context.cancellationSignal, this.#stopped.signal]);
    // Until it says something itself: what the last attempt said.
    this.#beat = (context.info.heartbeatDetails as Beat | undefined) ?? {};
  }

  get beat(): Beat {
    return this.#beat;
  }

  say(more: Beat): void {
    this.#beat = { ...this.#beat, ...more };
    this.#movedAt = performance.now();
  }

  /** Milliseconds without a sign of progress. */
  get still(): number {
    return performance.now() - this.#movedAt;
  }

  /** When a service last answered any attempt at this activity; before that, when it was scheduled. */
  get answeredAt(): number {
    return this.#beat.answeredAt ?? this.#context.info.scheduledTimestampMs;
  }

  /** How many attempts in a row, up to the last that failed, ended in an error that nobody expects. */
  get unexpected(): number {
    return this.#beat.unexpected ?? 0;
  }

  /** Notes how this attempt ended. An attempt whose process died notes nothing. */
  failed(unexpectedly: boolean): void {
    this.#beat = { ...this.#beat, unexpected: unexpectedly ? this.unexpected + 1 : undefined };
  }

  /** Takes over from earlier attempts. */
  hold(claims: Fence): void {
    this.#claims = claims;
  }

  /** Sends a sign of life, unless it comes too late: then others have been given this work, and it is lost for good. */
  heartbeat(): void {
    this.#noticePause();
    this.#beatAt = performance.now();
    this.#context.heartbeat(this.#beat);
  }

  /** Ends what goes on in this attempt; nothing of it is stored any more. */
  stop(reason: VideocapError): void {
    this.#lose(`Nothing more is stored: this attempt was ended. ${reason.message}`);
    this.#stopped.abort(reason);
  }

  async check(): Promise<void> {
    this.#throwIfLost();
    await this.#claims?.check();
    // The process may have been stopped in between.
    this.#throwIfLost();
  }

  #throwIfLost(): void {
    this.#noticePause();
    if (this.#lost) throw this.#lost;
  }

  /** Temporal gives an activity to another worker when it hears nothing for this long; so does a clock that only goes forward. */
  #noticePause(): void {
    const limit = this.#context.info.heartbeatTimeoutMs;
    const pause = performance.now() - this.#beatAt;
    if (!limit || pause <= limit || this.#lost) return;
    const seconds = (milliseconds: number) => Math.round(milliseconds / 1000);
    this.#lose(
      `Nothing more is stored: this process did not run for ${seconds(pause)} s, and after ${seconds(limit)} s Temporal gives the work to another attempt.`,
    );
    this.#context.log.warn('This attempt was superseded.', { reason: this.#lost!.message });
  }

  #lose(message: string): void {
    this.#lost ??= new VideocapError('Superseded', message);
  }
}

const attempts = new WeakMap<Context, CurrentAttempt>();

/** The one state of an attempt. */
export function attemptOf(context: Context): CurrentAttempt {
  const known = attempts.get(context);
  if (known) return known;
  const attempt = new CurrentAttempt(context);
  attempts.set(context, attempt);
  return attempt;
}

/** Of the activity that calls; outside of one, nothing. */
export function currentAttempt(): CurrentAttempt | undefined {
  try {
    return attemptOf(Context.current());
  } catch {
    return undefined;
  }
}

/** Called by stages as they work; outside an activity it does nothing. */
export function reportProgress(progress: Progress): void {
  currentAttempt()?.say(progress);
}

/**
 * How long the current activity has waited for a service that does not answer, over all its attempts: since it was first
 * scheduled, or since the last answer that any attempt got. Outside an activity, the wait starts now, always.
 */
export const waiting: Waiting = {
  since: () => currentAttempt()?.answeredAt ?? Date.now(),
  answered() {
    currentAttempt()?.say({ answeredAt: Date.now() });
  },
};

/** Aborts when the current activity is cancelled, or ended because it is stuck. */
export function cancellationSignal(): AbortSignal | undefined {
  return currentAttempt()?.signal;
}
