import { ActivityFailure, ApplicationFailure, condition, log } from '@temporalio/workflow';

/**
 * Where a workflow waits for a person when an activity ends its worker's process again and again. Nothing is lost
 * meanwhile: another attempt would only end another process.
 */
export class CrashGate {
  readonly #waiting = new Set<string>();
  #stopped = false;
  #onChange: () => void = () => {};

  /** @param onChange called when the workflow begins or ends to wait. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Where the worker died, and what helps; absent while nothing waits. */
  get sentence(): string | undefined {
    const [first] = this.#waiting;
    return first;
  }

  /** Tries the waiting activities again. Harmless when none waits. */
  resume(): void {
    this.#waiting.clear();
  }

  /** A person wants the run to end: it waits here no more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
  }

  /**
   * Calls an activity, again after every `resume` where its worker keeps dying.
   * @throws the activity's failure, if it is another one, or the run is stopped.
   */
  async through<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const sentence = diedBecause(error);
        if (sentence === undefined || this.#stopped) throw error;
        await this.#wait(sentence);
        if (this.#stopped) throw error;
      }
    }
  }

  async #wait(sentence: string): Promise<void> {
    log.warn('Paused: worker died.', { sentence });
    this.#waiting.add(sentence);
    this.#onChange();
    try {
      await condition(() => !this.#waiting.has(sentence));
    } finally {
      this.#waiting.delete(sentence); // a run that is cancelled waits no more
      this.#onChange();
    }
  }
}

/** Of this workflow: each execution has its own modules. */
export const crashGate = new CrashGate();

/** What the activity said whose worker keeps dying; `undefined` of another failure. */
export function diedBecause(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === 'WorkerDied' ? cause.message : undefined;
}

/** The same activities, whose calls go through the gate. */
export function gated<A extends object>(activities: A): A {
  return new Proxy(activities, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => crashGate.through(() => call(...args));
    },
  });
}
