import { ActivityFailure, ApplicationFailure, condition, log } from '@temporalio/workflow';
import type { JudgeWaiting } from '../contracts/judge-waiting.ts';

/**
 * Where a workflow waits for a person when the judge, or a custom reward, cannot continue: a wrong key, no quota, a
 * budget reached, an endpoint away for longer than its patience, code that has changed. Nothing is lost meanwhile: what
 * was answered is in the ledger.
 */
export class JudgeGate {
  #blocked: JudgeWaiting | undefined;
  #waiting: JudgeWaiting | undefined;
  readonly #onChange: () => void;

  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange;
  }

  /** What a person must repair, in one sentence; absent while nothing is blocked. */
  get blocked(): string | undefined {
    return this.#blocked?.why;
  }

  /** What the judge is waited for, and since when: for a person to repair it, or for it to answer again. */
  get waiting(): JudgeWaiting | undefined {
    return this.#blocked ?? this.#waiting;
  }

  /** An activity waits for the judge, or does not any more. */
  waits(waiting: JudgeWaiting | null): void {
    this.#waiting = waiting ?? undefined;
    this.#onChange();
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
        const result = await call();
        this.#waiting = undefined;
        return result;
      } catch (error) {
        const sentence = blockedBecause(error);
        if (sentence === undefined) throw error;
        await this.hold(sentence);
      }
    }
  }

  /** Waits until a person has repaired what the sentence says. @param orElse what ends the wait too. */
  async hold(sentence: string, orElse: () => boolean = () => false): Promise<void> {
    log.warn('Paused: judge.', { sentence });
    this.#waiting = undefined;
    this.#blocked = { why: sentence, since: Date.now() };
    this.#onChange();
    await condition(() => this.#blocked === undefined || orElse());
    this.#blocked = undefined;
    this.#onChange();
  }
}

function blockedBecause(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === 'JudgeBlocked' ? cause.message : undefined;
}
