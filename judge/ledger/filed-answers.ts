import pLimit from 'p-limit';
import { z } from 'zod';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { LedgerEntry, runOutcomeKey } from './ledger-entry.ts';
import type { Found, Unstored } from './shared-state.ts';

/**
 * Answers as they lie in the store: in the ledger, or, where the server and not the model has settled that a question
 * has none, with the run. An answer that cannot be stored, as on a full disk, stays in memory, and is stored when it is
 * asked for again.
 */
export class FiledAnswers {
  readonly #store: ArtifactStore;
  readonly #place: string;
  readonly #unstored: Map<string, Unstored>;
  /** A batch may ask thousands of questions at once, and a process may open only so many files. */
  readonly #reads = pLimit(32);
  readonly #writes = pLimit(32);

  /** @param unstored of this process, by key of the question. */
  constructor(store: ArtifactStore, place: string, unstored: Map<string, Unstored>) {
    this.#store = store;
    this.#place = place;
    this.#unstored = unstored;
  }

  /** @param key of the question. */
  async find(key: string): Promise<Found | undefined> {
    const inRun = runOutcomeKey(key, this.#place);
    return (await this.#read(key)) ?? (inRun === undefined ? undefined : await this.#read(inRun));
  }

  /** Whether an answer to a question waits in memory. */
  waits(key: string): boolean {
    return this.#unstored.has(key);
  }

  /** Stores what has come of a question, and ends its intents. */
  async file(key: string, unstored: Unstored): Promise<Found> {
    this.#unstored.set(key, unstored);
    return this.settle(key);
  }

  /**
   * Stores an answer that waits, of this asker or an earlier one, then gives it; when another process was first with
   * the same question, gives what that one stored.
   */
  async settle(key: string): Promise<Found> {
    const { said, at, intents } = this.#unstored.get(key)!;
    const entry = await this.#keep(at, said, key);
    this.#unstored.delete(key);
    await intents.drop(key);
    return entry;
  }

  async #keep(at: string, entry: LedgerEntry, key: string): Promise<Found> {
    try {
      await this.#writes(() => this.#store.putJson(at, LedgerEntry.parse(entry)));
      return entry;
    } catch (error) {
      if (!(error instanceof VideocapError && error.code === 'ArtifactConflict')) throw error;
      return (await this.find(key))!;
    }
  }

  async #read(key: string): Promise<Found | undefined> {
    return this.#reads(async () => {
      try {
        const ref = await this.#store.find(key);
        return ref && (await this.#store.readJson(ref, LedgerEntry));
      } catch (error) {
        if (isUnreadable(error)) return 'unreadable';
        throw error;
      }
    });
  }
}

/** Whether the stored entry is damaged, as opposed to a passing fault of the disk. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof VideocapError) return error.code === 'CorruptArtifact';
  return error instanceof z.ZodError || error instanceof SyntaxError;
}
