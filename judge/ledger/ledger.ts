import pLimit from 'p-limit';
import { z } from 'zod';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { CLOCK, type Clock } from '../client/clock.ts';
import type { LlmClient, LlmEndpoint } from '../client/llm-client.ts';
import type { Budget, Price } from '../judge-config.ts';
import type { Outcome, Question } from '../questions/question.ts';
import type { JudgeSpending, JudgeUsage } from '../usage.ts';
import { Account } from './account.ts';
import { Intents } from './intents.ts';
import { LedgerEntry, ledgerKey } from './ledger-entry.ts';
import { costOf } from './usage.ts';
import { WaitGroup } from './wait-group.ts';

export interface LedgerOptions {
  price?: Price;
  budget?: Budget;
  /** What the run had spent before this place. */
  spent?: JudgeSpending;
  /** No question is being asked for longer than this. */
  leaseSeconds?: number;
  clock?: Clock;
}

/** What lies under a key: of something damaged, or written by another version, nothing can be read. */
type Found = LedgerEntry | 'unreadable';

/** One question on its way, and where its answer belongs. */
interface Asking {
  key: string;
  asked: LedgerEntry['asked'];
  question: Question<unknown>;
  /** Answers of no use that were paid for before: 0 or 1. */
  before: number;
  signal: AbortSignal | undefined;
}

/** Questions being asked right now in this process, whoever asks, by store: the second to ask waits for the first. */
const flights = new Map<string, Map<string, Promise<Found>>>();

/** How often a question that another process is asking is looked for. */
const LOOK_AGAIN_MILLISECONDS = 200;

/**
 * Never asks twice: an answer is stored under the hash of everything that determines it before it is used, and found
 * there by retries, resumed runs, other runs and benchmarks. Refusals are answers too, and were paid for. Identical
 * questions in flight are one, in this process and in others on the same store.
 *
 * An answer in the ledger that cannot be read (damaged, or kept when answers were read less strictly) stays where it is and is asked
 * for once more; what then comes is filed under the hash of the question and of the answer it replaces. What was found unscorable
 * stays so.
 */
export class Ledger implements LlmClient {
  readonly name: string;
  readonly #endpoint: LlmEndpoint;
  readonly #store: ArtifactStore;
  readonly #place: string;
  readonly #price: Price;
  readonly #clock: Clock;
  readonly #intents: Intents;
  readonly #account: Account;
  readonly #flights: Map<string, Promise<Found>>;
  /** A batch may ask thousands of questions at once, and a process may open only so many files. */
  readonly #reads = pLimit(32);
  readonly #writes = pLimit(32);
  readonly #lookups = new WaitGroup();

  constructor(endpoint: LlmEndpoint, store: ArtifactStore, place: string, options: LedgerOptions = {}) {
    this.name = endpoint.name;
    this.#endpoint = endpoint;
    this.#store = store;
    this.#place = place;
    this.#price = options.price ?? { inputPerMillion: 0, outputPerMillion: 0 };
    this.#account = new Account(this.#price, options.budget ?? {}, options.spent ?? { usd: 0, calls: 0 });
    this.#clock = options.clock ?? CLOCK;
    this.#intents = new Intents(store, place, options.leaseSeconds ?? 600);
    this.#flights = flights.get(store.root) ?? new Map();
    flights.set(store.root, this.#flights);
  }

  get usage(): JudgeUsage {
    return this.#account.usage;
  }

  /** @throws VideocapError `JudgeBlocked` when the budget is reached, and what the endpoint throws. */
  async ask<T>(question: Question<T>, signal?: AbortSignal): Promise<Outcome<T>> {
    const asked = this.#endpoint.identity(question);
    for (let replaced: string | undefined; ; ) {
      const key = ledgerKey(asked, question, replaced);
      const found = await this.#entry({ key, asked, question, before: replaced === undefined ? 0 : 1, signal });
      this.#account.ask();
      const outcome = found === 'unreadable' ? undefined : outcomeOf(found, question);
      if (outcome) return outcome;
      replaced = key;
    }
  }

  async #entry(asking: Asking): Promise<Found> {
    const { key, signal } = asking;
    for (;;) {
      signal?.throwIfAborted();
      const flying = this.#flights.get(key);
      if (!flying) break;
      const entry = await flying.catch(() => undefined);
      if (entry) return this.#count(key, entry);
      // Whoever asked gave up or failed, for reasons that may be theirs alone: ask for ourselves.
    }
    const flight = this.#fly(asking);
    this.#flights.set(key, flight);
    try {
      return await flight;
    } finally {
      this.#flights.delete(key);
    }
  }

  async #fly(asking: Asking): Promise<Found> {
    const { key, signal } = asking;
    for (let held = false; ; ) {
      const known = await this.#lookups.track(this.#find(key));
      if (known) return known;
      if (!held || !(await this.#intents.held(key))) {
        const left = await this.#recover(key);
        if (left) return left;
        // What this place has paid for is known once all its questions have been looked up.
        if (this.#account.isLimited) await this.#lookups.wait();
        const entry = await this.#pay(asking);
        if (entry) return entry;
        held = true;
      }
      await this.#clock.sleep(LOOK_AGAIN_MILLISECONDS, signal);
    }
  }

  /** Asks the endpoint and stores what it says; nothing when another process was a moment faster. */
  async #pay({ key, asked, question, before, signal }: Asking): Promise<Found | undefined> {
    let intended = false;
    let answered = false;
    let repeated = 0;
    let lost = 0;
    const sending = async () => {
      await this.#account.reserve(key, signal);
      intended = true;
      const taken = await this.#intents.take(key);
      if (taken === 'held') throw new HeldElsewhere();
      if (taken === 'abandoned') repeated++;
    };
    try {
      const { outcome, attempts } = await this.#endpoint.ask(question, signal, { sending, lost: () => lost++ });
      answered = true;
      this.#account.took(attempts);
      const said: LedgerEntry = {
        prompt: question.prompt.name,
        asked,
        question: question.data,
        attempts,
        outcome: 'answer' in outcome ? { answered: true } : outcome,
        paidBy: this.#place,
        repeated: before + repeated + lost,
        cost: attempts.reduce((sum, attempt) => sum + costOf(attempt, this.#price), 0),
      };
      this.#intents.note(key, said);
      const entry = await this.#keep(key, said);
      await this.#intents.drop(key);
      return entry;
    } catch (error) {
      if (error instanceof HeldElsewhere) return undefined;
      // Where an answer may have been paid for and is not stored, the intent stays, and tells whoever asks next.
      if (intended && !answered && repeated + lost === 0) await this.#intents.drop(key);
      throw error;
    } finally {
      this.#account.release(key);
    }
  }

  /** Stores an answer that arrived just before its process died. */
  async #recover(key: string): Promise<Found | undefined> {
    const left = LedgerEntry.safeParse(await this.#intents.left(key));
    if (!left.success || (await this.#intents.held(key))) return undefined;
    const entry = await this.#keep(key, left.data);
    await this.#intents.drop(key);
    return entry;
  }

  async #find(key: string): Promise<Found | undefined> {
    const found = await this.#reads(async () => {
      try {
        const ref = await this.#store.find(key);
        return ref && (await this.#store.readJson(ref, LedgerEntry));
      } catch (error) {
        if (isUnreadable(error)) return 'unreadable';
        throw error;
      }
    });
    return found && this.#count(key, found);
  }

  /** Stores an answer, then gives it; when another process was first with the same question, gives what that one stored. */
  async #keep(key: string, entry: LedgerEntry): Promise<Found> {
    try {
      await this.#writes(() => this.#store.putJson(key, LedgerEntry.parse(entry)));
      return this.#count(key, entry);
    } catch (error) {
      if (!(error instanceof VideocapError && error.code === 'ArtifactConflict')) throw error;
      return (await this.#find(key))!;
    }
  }

  /** Notes what this place paid for, now or before it was done again. */
  #count(key: string, found: Found): Found {
    if (found !== 'unreadable' && found.paidBy === this.#place) this.#account.pay(key, found);
    return found;
  }
}

/** What an entry says of a question; nothing where its answer cannot be read. */
function outcomeOf<T>({ outcome, attempts }: LedgerEntry, question: Question<T>): Outcome<T> | undefined {
  if ('unscorable' in outcome) return outcome;
  const reading = question.read(attempts.at(-1)?.text ?? '');
  return 'answer' in reading ? reading : undefined;
}

/** Is it what the store holds that is wrong, rather than the disk just now? */
function isUnreadable(error: unknown): boolean {
  if (error instanceof VideocapError) return error.code === 'CorruptArtifact';
  return error instanceof z.ZodError || error instanceof SyntaxError;
}

class HeldElsewhere extends Error {}
