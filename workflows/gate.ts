import { ActivityFailure, ApplicationFailure, condition, log } from '@temporalio/workflow';
import type { JudgeWaiting } from '../contracts/judge-waiting.ts';
import type { WaitedFor } from '../judge/client/patient-endpoint.ts';
import { StoppedByUser } from './stopped-by-user.ts';

/** What a run shows while it waits. */
interface Shown {
  explain?(sentence: string): string;
  of?: WaitedFor;
}

/**
 * Where a workflow waits for a person, since an activity cannot go on until that person has repaired or decided
 * something. Nothing is lost meanwhile: what is recorded stays as it is.
 */
export class Gate {
  /** What the run shows: `paused: judge`. */
  readonly name: string;
  readonly #type: string;
  readonly #waiting = new Set<JudgeWaiting>();
  #onChange: (() => void) | undefined;
  #stopped = false;

  /** @param type of the failures of activities that wait here. */
  constructor(name: string, type: string) {
    this.name = name;
    this.#type = type;
  }

  /** From now on the workflow waits here; until then the activity's failure is thrown. @param onChange called then. */
  open(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** What a person must do, in a sentence for each that waits; absent while nothing does. */
  get sentence(): string | undefined {
    const all = new Set([...this.#waiting].map(({ why }) => why));
    return all.size > 0 ? [...all].join(' ') : undefined;
  }

  /** What waits, each since when, in the order in which it came up. */
  get held(): JudgeWaiting[] {
    return [...this.#waiting];
  }

  /** Tries again what waits. Harmless when nothing does. */
  resume(): void {
    this.#waiting.clear();
  }

  /** A person wants the run to end: from now on it waits here no more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * Calls an activity, again after every `resume`, until it succeeds. Other failures are thrown.
   * @param shown `explain` makes the activity's sentence the one that the run shows; `of`: what it waits for.
   * @throws StoppedByUser where a stopped run would wait.
   */
  async through<T>(call: () => Promise<T>, { explain, of }: Shown = {}): Promise<T> {
    for (;;) {
      try {
        return await this.attempt(call, of);
      } catch (error) {
        const sentence = this.#sentenceOf(error);
        if (sentence === undefined || !this.#onChange) throw error;
        const why = explain?.(sentence) ?? sentence;
        await this.hold(why, of, error instanceof ActivityFailure ? error.activityId : undefined);
        if (this.#stopped) throw new StoppedByUser(why, this.name);
      }
    }
  }

  protected attempt<T>(call: () => Promise<T>, _of?: WaitedFor): Promise<T> {
    return call();
  }

  protected changed(): void {
    this.#onChange?.();
  }

  /** Waits for `resume` or `stop`; not at all once the run is stopped. @param _by the activity that failed. */
  async hold(why: string, of?: WaitedFor, _by?: string): Promise<void> {
    if (this.#stopped) return;
    log.warn(`Paused: ${of ?? this.name}.`, { sentence: why });
    const waiting: JudgeWaiting = { why, since: Date.now(), ...(of && of !== 'judge' && { of }) };
    this.#waiting.add(waiting);
    this.changed();
    try {
      await condition(() => !this.#waiting.has(waiting));
    } finally {
      this.#waiting.delete(waiting); // a run that is cancelled waits no more
      this.changed();
    }
  }

  #sentenceOf(error: unknown): string | undefined {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    return cause instanceof ApplicationFailure && cause.type === this.#type ? cause.message : undefined;
  }
}
