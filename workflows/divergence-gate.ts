import { ActivityFailure, ApplicationFailure, condition, log } from '@temporalio/workflow';

/**
 * Where a training run waits for a person when the numbers of its policy or of an update are not finite. What has been
 * recorded stays as it is, and no weights have changed.
 */
export class DivergenceGate {
  #sentence: string | undefined;
  #waits = false;
  #stopped = false;
  #onChange: () => void = () => {};

  /** From now on the run waits here; until then a failure is thrown, as benchmarks want it. */
  open(onChange: () => void): void {
    this.#waits = true;
    this.#onChange = onChange;
  }

  /** What is not finite and what helps, while the run waits. */
  get sentence(): string | undefined {
    return this.#sentence;
  }

  /** A person wants the run to go on. Harmless when nothing waits. */
  resume(): void {
    this.#sentence = undefined;
  }

  /** A person wants the run to end: it waits here no more. */
  stop(): void {
    this.#stopped = true;
    this.#sentence = undefined;
  }

  /** Waits for `resume` or `stop`; not at all once it is stopped. */
  async wait(sentence: string): Promise<void> {
    if (this.#stopped) return;
    log.warn('Paused: not finite.', { sentence });
    this.#sentence = sentence;
    this.#onChange();
    try {
      await condition(() => this.#sentence === undefined);
    } finally {
      this.#sentence = undefined; // a run that is cancelled waits no more
      this.#onChange();
    }
  }

  /**
   * Calls an activity of the policy engine, again after every `resume` where the policy leaves nothing to sample from.
   * @param explain makes the activity's sentence the one that the run shows.
   * @throws the activity's failure, if it is another one, or the run is stopped, or does not wait.
   */
  async through<T>(call: () => Promise<T>, explain: (sentence: string) => string): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const sentence = divergedBecause(error);
        if (sentence === undefined || !this.#waits || this.#stopped) throw error;
        await this.wait(explain(sentence));
        if (this.#stopped) throw error;
      }
    }
  }
}

function divergedBecause(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === 'Diverged' ? cause.message : undefined;
}
