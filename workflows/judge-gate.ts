import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
} from '@temporalio/workflow';
import type { JudgeWaiting } from '../contracts/judge-waiting.ts';
import type { WaitedFor } from '../judge/client/patient-endpoint.ts';
import { StoppedByUser } from './stopped-by-user.ts';

/**
 * Where a workflow waits for a person when the judge, or a custom reward, cannot continue: a wrong key, no quota, a
 * budget reached, an endpoint away for longer than its patience, code that has changed. Nothing is lost meanwhile: what
 * was answered is in the ledger. A run that a user stopped does not wait here, nor for a judge that does not answer.
 */
export class JudgeGate {
  #blocked: JudgeWaiting | undefined;
  #waiting: JudgeWaiting | undefined;
  #stopped = false;
  /** Why the activities in flight were broken off, once they were. */
  #brokenOff: string | undefined;
  readonly #asking = new Set<CancellationScope>();
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
    if (this.#stopped) this.#breakOff();
    this.#onChange();
  }

  /** Tries the waiting activities again, after a person's repair. Harmless when none waits. */
  resume(): void {
    this.#blocked = undefined;
  }

  /** A person wants the run to end: from now on nothing waits for the judge. */
  stop(): void {
    this.#stopped = true;
    this.#blocked = undefined;
    this.#breakOff();
  }

  /** Ends activities that wait for a judge that does not answer. */
  #breakOff(): void {
    if (!this.#waiting) return;
    this.#brokenOff ??= this.#waiting.why;
    for (const scope of this.#asking) scope.cancel();
  }

  /**
   * Calls an activity that asks the judge, again after every `resume`, until it succeeds. Other failures are thrown.
   * @param of who is asked.
   * @throws StoppedByUser where a stopped run would wait.
   */
  async through<T>(call: () => Promise<T>, of: WaitedFor = 'judge'): Promise<T> {
    for (;;) {
      const sentence = await this.#ask(call);
      if (typeof sentence !== 'string') return sentence.result;
      await this.hold(sentence, of);
      if (this.#stopped) throw new StoppedByUser(sentence);
    }
  }

  /** What the call gives, or what a person must repair before it can be made again. */
  async #ask<T>(call: () => Promise<T>): Promise<{ result: T } | string> {
    const scope = new CancellationScope();
    this.#asking.add(scope);
    try {
      const result = await scope.run(call);
      this.#waiting = undefined;
      return { result };
    } catch (error) {
      const runIsCancelled = CancellationScope.current().consideredCancelled;
      if (this.#brokenOff !== undefined && isCancellation(error) && !runIsCancelled) {
        this.#waiting = undefined;
        throw new StoppedByUser(this.#brokenOff);
      }
      const sentence = blockedBecause(error);
      if (sentence === undefined) throw error;
      return sentence;
    } finally {
      this.#asking.delete(scope);
    }
  }

  /** Waits until a person has repaired what the sentence says; not at all once the run is stopped. */
  async hold(sentence: string, of: WaitedFor = 'judge'): Promise<void> {
    this.#waiting = undefined;
    if (this.#stopped) return;
    log.warn(`Paused: ${of}.`, { sentence });
    this.#blocked = { why: sentence, since: Date.now(), ...(of === 'captioner' && { of }) };
    this.#onChange();
    try {
      await condition(() => this.#blocked === undefined);
    } finally {
      this.#blocked = undefined; // a run that is cancelled waits no more
      this.#onChange();
    }
  }
}

function blockedBecause(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === 'JudgeBlocked' ? cause.message : undefined;
}
