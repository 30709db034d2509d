import pLimit from 'p-limit';
import { z } from 'zod';
import { type ArtifactStore, sha256 } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import {
  type Asker,
  Attempt,
  type Endpoint,
  type JudgeUsage,
  type Outcome,
  type Question,
  Unscorable,
} from './question.ts';

/** A question that was paid for, with all that was said: what lies under `ledger/` in the store. */
export const LedgerEntry = z.strictObject({
  /** The prompt's name: what kind of question it is. */
  prompt: z.string(),
  /** Whom it was put to, and how: `Endpoint.identity`. */
  asked: z.record(z.string(), z.union([z.string(), z.number()])),
  question: z.record(z.string(), z.unknown()),
  attempts: z.array(Attempt),
  /** How it ended: the last attempt's text is the answer, or there is none. */
  outcome: z.union([z.strictObject({ answered: z.literal(true) }), Unscorable]),
  /** The place in a run that asked first. */
  paidBy: z.string(),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** Questions being asked right now in this process, whoever asks: the second to ask waits for the first. */
const flights = new WeakMap<ArtifactStore, Map<string, Promise<LedgerEntry>>>();

/**
 * Never asks twice: an answer is stored under the hash of everything that determines it before it is used, and found
 * there by retries, resumed runs, other runs and benchmarks. Refusals are answers too, and were paid for. Identical
 * questions in flight are one.
 */
export class Ledger implements Asker {
  readonly name: string;
  readonly #endpoint: Endpoint;
  readonly #store: ArtifactStore;
  readonly #place: string;
  readonly #flights: Map<string, Promise<LedgerEntry>>;
  /** A batch may ask thousands of questions at once, and a process may open only so many files. */
  readonly #files = pLimit(32);
  readonly #paid = new Set<string>();
  #questions = 0;

  constructor(endpoint: Endpoint, store: ArtifactStore, place: string) {
    this.name = endpoint.name;
    this.#endpoint = endpoint;
    this.#store = store;
    this.#place = place;
    this.#flights = flights.get(store) ?? new Map();
    flights.set(store, this.#flights);
  }

  get usage(): JudgeUsage {
    return { calls: this.#paid.size, cacheHits: this.#questions - this.#paid.size };
  }

  async ask<T>(question: Question<T>, signal?: AbortSignal): Promise<Outcome<T>> {
    const asked = this.#endpoint.identity(question);
    const key = ledgerKey(asked, question);
    const entry = await this.#entry(key, asked, question, signal);
    this.#questions++;
    if (entry.paidBy === this.#place) this.#paid.add(key);
    if ('unscorable' in entry.outcome) return entry.outcome;
    const reading = question.read(entry.attempts.at(-1)!.text);
    if ('fault' in reading)
      throw new VideocapError('CorruptArtifact', `The ledger's answer ${key} cannot be read: ${reading.fault}.`);
    return reading;
  }

  async #entry(
    key: string,
    asked: LedgerEntry['asked'],
    question: Question<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<LedgerEntry> {
    for (;;) {
      signal?.throwIfAborted();
      const flying = this.#flights.get(key);
      if (!flying) break;
      const entry = await flying.catch(() => undefined);
      if (entry) return entry;
      // Whoever asked gave up or failed, for reasons that may be theirs alone: ask for ourselves.
    }
    const flight = this.#read(key).then(async (known) => {
      if (known) return known;
      const { outcome, attempts } = await this.#endpoint.ask(question, signal);
      return this.#keep(key, {
        prompt: question.prompt.name,
        asked,
        question: question.data,
        attempts,
        outcome: 'answer' in outcome ? { answered: true } : outcome,
        paidBy: this.#place,
      });
    });
    this.#flights.set(key, flight);
    try {
      return await flight;
    } finally {
      this.#flights.delete(key);
    }
  }

  async #read(key: string): Promise<LedgerEntry | undefined> {
    return this.#files(async () => {
      const ref = await this.#store.find(key);
      return ref && this.#store.readJson(ref, LedgerEntry);
    });
  }

  /** Stores an answer, then gives it; when another process was first with the same question, gives what that one stored. */
  async #keep(key: string, entry: LedgerEntry): Promise<LedgerEntry> {
    try {
      await this.#store.putJson(key, LedgerEntry.parse(entry));
      return entry;
    } catch (error) {
      if (!(error instanceof VideocapError && error.code === 'ArtifactConflict')) throw error;
      return (await this.#read(key))!;
    }
  }
}

/** `ledger/<sha256 of everything that determines the answer>.json`. */
export function ledgerKey(asked: LedgerEntry['asked'], { data }: Pick<Question<unknown>, 'data'>): string {
  const sorted = Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1));
  return `ledger/${sha256(JSON.stringify([sorted, data]))}.json`;
}
