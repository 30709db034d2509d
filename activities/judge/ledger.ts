import pLimit from 'p-limit';
import { z } from 'zod';
import { type ArtifactStore, sha256 } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import {
  EntailmentOutcome,
  ExtractionOutcome,
  type Judge,
  type JudgeMeter,
  type PaidJudge,
  type QuestionKind,
} from './judge.ts';

/** A question that was paid for, with its answer: what lies under `ledger/` in the store. */
export const LedgerEntry = z.strictObject({
  kind: z.enum(['entail', 'extract']),
  judge: z.record(z.string(), z.union([z.string(), z.number()])),
  question: z.strictObject({ text: z.string(), events: z.array(z.string()).optional() }),
  outcome: z.union([EntailmentOutcome, ExtractionOutcome]),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** Questions being asked right now in this process, whoever asks: the second to ask waits for the first. */
const flights = new WeakMap<ArtifactStore, Map<string, Promise<LedgerEntry>>>();

/**
 * A judge that is never asked twice: an answer is stored under the hash of everything that determines it before it is used,
 * and found there by retries, resumed runs, other runs and benchmarks. Refusals are answers too, and were paid for.
 * Identical questions in flight are one.
 */
export class LedgeredJudge implements Judge {
  readonly name: string;
  readonly isLlm: boolean;
  readonly #judge: PaidJudge;
  readonly #store: ArtifactStore;
  readonly #flights: Map<string, Promise<LedgerEntry>>;
  /** A batch may ask thousands of questions at once, and a process may open only so many files. */
  readonly #files = pLimit(32);
  #cacheHits = 0;

  constructor(judge: PaidJudge, store: ArtifactStore) {
    this.name = judge.name;
    this.isLlm = judge.isLlm;
    this.#judge = judge;
    this.#store = store;
    this.#flights = flights.get(store) ?? new Map();
    flights.set(store, this.#flights);
  }

  get meter(): JudgeMeter {
    return { calls: this.#judge.meter.calls, cacheHits: this.#cacheHits };
  }

  async entail(text: string, events: readonly string[], signal?: AbortSignal): Promise<EntailmentOutcome> {
    if (events.length === 0) return { verdicts: [] };
    const question = { text, events: [...events] };
    const outcome = await this.#answer('entail', question, () => this.#judge.entail(text, events, signal), signal);
    return EntailmentOutcome.parse(outcome);
  }

  async extractEvents(text: string, signal?: AbortSignal): Promise<ExtractionOutcome> {
    const outcome = await this.#answer('extract', { text }, () => this.#judge.extractEvents(text, signal), signal);
    return ExtractionOutcome.parse(outcome);
  }

  checkReference(sampleId: string, events: readonly string[]): void {
    this.#judge.checkReference(sampleId, events);
  }

  async #answer(
    kind: QuestionKind,
    question: LedgerEntry['question'],
    ask: () => Promise<LedgerEntry['outcome']>,
    signal: AbortSignal | undefined,
  ): Promise<LedgerEntry['outcome']> {
    const judge = this.#judge.identity(kind);
    const key = ledgerKey(kind, judge, question);
    for (;;) {
      signal?.throwIfAborted();
      const flying = this.#flights.get(key);
      if (!flying) break;
      const entry = await flying.catch(() => undefined);
      if (entry) return this.#hit(entry);
      // Whoever asked gave up or failed, for reasons that may be theirs alone: ask for ourselves.
    }
    let asked = false;
    const flight = this.#read(key).then(async (known) => {
      if (known) return known;
      asked = true;
      return this.#keep(key, { kind, judge, question, outcome: await ask() });
    });
    this.#flights.set(key, flight);
    try {
      const entry = await flight;
      return asked ? entry.outcome : this.#hit(entry);
    } finally {
      this.#flights.delete(key);
    }
  }

  #hit({ outcome }: LedgerEntry): LedgerEntry['outcome'] {
    this.#cacheHits++;
    return outcome;
  }

  async #read(key: string): Promise<LedgerEntry | undefined> {
    return this.#files(async () => {
      const ref = await this.#store.find(key);
      return ref && this.#store.readJson(ref, LedgerEntry);
    });
  }

  /** Stores an answer, then gives it; when another process was first with the same question, gives what that one stored. */
  async #keep(key: string, entry: LedgerEntry): Promise<LedgerEntry> {
    if ('pending' in entry.outcome) return entry;
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
export function ledgerKey(
  kind: QuestionKind,
  judge: LedgerEntry['judge'],
  { text, events }: LedgerEntry['question'],
): string {
  const sorted = Object.entries(judge).sort(([a], [b]) => (a < b ? -1 : 1));
  return `ledger/${sha256(JSON.stringify([kind, sorted, text, events ?? null]))}.json`;
}
