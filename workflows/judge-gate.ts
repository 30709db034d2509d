import { ActivityFailure, ApplicationFailure, condition, log } from '@temporalio/workflow';

/**
 * Where a workflow waits for a person when the judge, or a custom reward, cannot continue: a wrong key, no quota, a
 * budget reached, an endpoint away for longer than its patience, code that has changed. Nothing is lost meanwhile: what
 * was answered is in the ledger.
 */
export class JudgeGate {
  #blocked: string | undefined;
  readonly #onChange: () => void;

  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange;
  }

  /** What a person must repair, in one sentence; absent while nothing is blocked. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** Tries the waiting activities again, after a person's repair. Harmless when none waits. */
  resume(): void {
    this.#blocked = undefined;
  }

  /**
   * Calls an activity that asks the judge, again after every `resume`, until it succeeds. Other failures are thrown.
   */
  async through<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const sentence = blockedBecause(error);
        if (sentence === undefined) throw error;
        log.warn('Paused: judge.', { sentence });
        this.#blocked = sentence;
        this.#onChange();
        try {
          await condition(() => this.#blocked === undefined);
        } finally {
          this.#blocked = undefined; // so it may be cancelled
          this.#onChange();
        }
      }
    }
  }
}

function blockedBecause(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === 'JudgeBlocked' ? cause.message : undefined;
}
