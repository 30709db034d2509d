import pLimit from 'p-limit';
import type { Clock } from '../client/clock.ts';
import type { QuestionFaults } from './question-faults.ts';

const LOOK_AGAIN_MILLISECONDS = 50;

/**
 * The order of questions that have failed: each is tried again after the others, once enough of them were answered.
 * Where no others are left and it has failed often, the endpoint is asked the question of `videocap judge check`, whose
 * answer is known, in their place.
 */
export class LaterTurns {
  readonly #ask: (signal: AbortSignal | undefined) => Promise<void>;
  readonly #faults: QuestionFaults;
  readonly #clock: Clock;
  /** Questions on their way that do not wait here. */
  #active = 0;
  readonly #one = pLimit(1);
  /** Those of them that have failed here. */
  readonly #tried = new Set<string>();
  /** Whether the endpoint has answered since it last failed. */
  #works = false;
  /** The endpoint answers nothing, or was not asked because of that. */
  #broken: unknown;

  /** @param ask asks the endpoint a question whose answer is known. */
  constructor(ask: (signal: AbortSignal | undefined) => Promise<void>, faults: QuestionFaults, clock: Clock) {
    this.#ask = ask;
    this.#faults = faults;
    this.#clock = clock;
  }

  /** Whether questions are under way besides the one that asks. */
  get hasOthers(): boolean {
    return this.#active > 1;
  }

  /** Counts a question as under way until the work ends. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#active++;
    try {
      return await work();
    } finally {
      this.#active--;
    }
  }

  /** Calls `work` at once for a question that has not failed, else when its turn has come. */
  async turn<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (!this.#faults.has(key)) return work();
    await this.#others(key, signal);
    if (!this.#faults.needsProbes(key)) return work();
    return this.#one(async () => {
      if (!this.#works) await this.#probe(signal);
      // A first try may find that an outage has ended; only after that are there answers to wait for.
      while (this.#tried.has(key) && this.#faults.missing(key) > 0) await this.#probe(signal);
      this.#tried.add(key);
      this.#works = false;
      const done = await work();
      this.#works = !this.#faults.has(key);
      return done;
    });
  }

  /** Until enough others were answered, or none are left. */
  async #others(key: string, signal: AbortSignal | undefined): Promise<void> {
    this.#active--;
    try {
      while (this.#active > 0 && this.#faults.missing(key) > 0)
        await this.#clock.sleep(LOOK_AGAIN_MILLISECONDS, signal);
    } finally {
      this.#active++;
    }
  }

  async #probe(signal: AbortSignal | undefined): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await this.#ask(signal);
    } catch (error) {
      this.#broken = error;
      throw error;
    }
    this.#faults.answered();
    this.#works = true;
  }
}
