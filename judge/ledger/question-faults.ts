/** After this many tries, with enough answers to other questions in between, the question itself is at fault. */
const TRIES = 5;
const ANSWERS_BETWEEN = 10;
/** After so many failures, which an outage has too, answers to others are asked for where none are under way. */
const FAILURES_BEFORE_PROBES = 5;

interface Failing {
  /** Tries that count: enough other questions were answered since the previous one. */
  tries: number;
  /** Since the last answer to a question that a run asks. */
  failures: number;
  asked: number;
  /** Answers to other questions at the last try that counts. */
  at: number;
}

/**
 * Questions at which an endpoint fails while it answers others: a server whose chat template breaks at one text says
 * 500 to it for ever. A process shares one for each endpoint, so that the tries of a stage that is retried add up.
 */
export class QuestionFaults {
  readonly #failing = new Map<string, Failing>();
  /** With those to probes, and without. */
  #answers = 0;
  #asked = 0;

  /** The endpoint has answered a question. @param key of the question; of a probe, none. */
  answered(key?: string): void {
    this.#answers++;
    if (key === undefined) return;
    this.#asked++;
    this.#failing.delete(key);
  }

  /** The endpoint has refused a question, which is no evidence that it answers any. */
  refused(key: string): void {
    this.#failing.delete(key);
  }

  /** Whether it has answered anything. */
  get hasAnswers(): boolean {
    return this.#answers > 0;
  }

  has(key: string): boolean {
    return this.#failing.has(key);
  }

  /** Answers to others that must come before another try at this question counts. */
  missing(key: string): number {
    const failing = this.#failing.get(key);
    return failing ? Math.max(0, ANSWERS_BETWEEN - (this.#answers - failing.at)) : 0;
  }

  /**
   * Whether it has failed so often that an endpoint, if it has ever answered, is asked something else to learn whether
   * it works at all.
   */
  needsProbes(key: string): boolean {
    const failing = this.#failing.get(key);
    if (!failing || this.#answers === 0 || failing.asked !== this.#asked) return false;
    return failing.failures >= FAILURES_BEFORE_PROBES;
  }

  /** Notes a try that failed. Whether that settles it: the question has no answer. */
  failed(key: string): boolean {
    const before = this.#failing.get(key) ?? { tries: 0, failures: 0, asked: 0, at: Number.NEGATIVE_INFINITY };
    const counts = this.#answers - before.at >= ANSWERS_BETWEEN;
    const now = {
      tries: before.tries + (counts ? 1 : 0),
      failures: before.asked === this.#asked ? before.failures + 1 : 1,
      asked: this.#asked,
      at: counts ? this.#answers : before.at,
    };
    if (now.tries < TRIES) this.#failing.set(key, now);
    else this.#failing.delete(key);
    return now.tries >= TRIES;
  }
}

/** What is kept of a question that is at fault itself. */
export function questionFault(problem: string): string {
  return `the endpoint fails at this question, ${TRIES} times while it answers others: ${problem}`;
}
