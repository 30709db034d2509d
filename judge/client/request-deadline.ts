/** Answers on their way when the caller cancels may still arrive within this time: they are paid for. */
const ABORT_GRACE_MILLISECONDS = 10_000;

/** When a request is given up: at its timeout, or at the end of the grace period after the caller's `signal` aborts. */
export class RequestDeadline {
  /** Aborts the request. */
  readonly signal: AbortSignal;
  readonly #caller: AbortSignal | undefined;
  readonly #timeout: AbortSignal;
  readonly #grace = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutSeconds: number, caller: AbortSignal | undefined) {
    this.#caller = caller;
    this.#timeout = AbortSignal.timeout(Math.ceil(1000 * timeoutSeconds));
    this.signal = AbortSignal.any([this.#timeout, this.#grace.signal]);
    caller?.addEventListener('abort', this.#startGrace, { once: true });
  }

  /** Why the request was given up; `undefined` while it was not. */
  get passed(): 'grace' | 'timeout' | undefined {
    if (this.#grace.signal.aborted) return 'grace';
    return this.#timeout.aborted ? 'timeout' : undefined;
  }

  /** The request has ended: releases the timer and the listener. */
  end(): void {
    this.#caller?.removeEventListener('abort', this.#startGrace);
    clearTimeout(this.#timer);
  }

  readonly #startGrace = () => {
    this.#timer = setTimeout(() => this.#grace.abort(), ABORT_GRACE_MILLISECONDS);
  };
}
