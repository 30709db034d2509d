import { ActivityFailure, ApplicationFailure, condition, log } from '@temporalio/workflow';

/** What a person must see to before an activity is tried again: another attempt would end as the last one did. */
type Cause = 'WorkerDied' | 'ReplayDiffers';
const LOGGED: Readonly<Record<Cause, string>> = {
  WorkerDied: 'Paused: worker died.',
  ReplayDiffers: 'Paused: replay differs.',
};

interface Waiting {
  cause: Cause;
  sentence: string;
}

/**
 * Where a workflow waits for a person when an activity ends its worker's process again and again, or cannot make a
 * checkpoint again from its recipe. Nothing is lost meanwhile.
 */
export class CrashGate {
  readonly #waiting = new Map<string, Waiting>();
  #stopped = false;
  #onChange: () => void = () => {};

  /** @param onChange called when the workflow begins or ends to wait. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** What happened and what helps; absent while nothing waits for this cause. */
  sentence(cause: Cause): string | undefined {
    return [...this.#waiting.values()].find((waiting) => waiting.cause === cause)?.sentence;
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
   * Calls an activity, again after every `resume` where its worker keeps dying, or a replay differs.
   * @throws the activity's failure, if it is another one, or the run is stopped.
   */
  async through<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const waiting = waitsBecause(error);
        if (waiting === undefined || this.#stopped) throw error;
        await this.#wait(waiting);
        if (this.#stopped) throw error;
      }
    }
  }

  async #wait(waiting: Waiting): Promise<void> {
    const { cause, sentence } = waiting;
    log.warn(LOGGED[cause], { sentence });
    this.#waiting.set(sentence, waiting);
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

/** What a person must see to, where an activity failed for that. */
export function waitsBecause(error: unknown): Waiting | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) return undefined;
  const { type, message } = cause;
  return type === 'WorkerDied' || type === 'ReplayDiffers' ? { cause: type, sentence: message } : undefined;
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
