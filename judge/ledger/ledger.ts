import pLimit, { type LimitFunction } from 'p-limit';
import { z } from 'zod';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import type { Claim } from '../../core/fence.ts';
import { CLOCK, type Clock } from '../client/clock.ts';
import { endingOf } from '../client/finish-reason.ts';
import { JudgeError, problemOf } from '../client/judge-error.ts';
import type { AskObserver, Exchange, LlmClient, LlmEndpoint } from '../client/llm-client.ts';
import type { Budget, Price } from '../judge-config.ts';
import type { Outcome, Question } from '../questions/question.ts';
import type { JudgeSpending, JudgeUsage } from '../usage.ts';
import { costOf } from '../usage.ts';
import { Account } from './account.ts';
import { type EarlierAsking, Intents, type Taken } from './intents.ts';
import { LaterTurns } from './later-turns.ts';
import { LedgerEntry, ledgerKey, runOutcomeKey } from './ledger-entry.ts';
import { QuestionFaults, questionFault } from './question-faults.ts';
import { WaitGroup } from './wait-group.ts';

export interface LedgerOptions {
  price?: Price;
  budget?: Budget;
  /** What the run had spent before this place. */
  spent?: JudgeSpending;
  /** How long other processes wait for a question that is being asked: several times the time limit of a request. */
  leaseSeconds?: number;
  /** Questions that are asked, and whose answers are stored, at the same time; default any number. */
  concurrency?: number;
  /** Of the attempt that asks. */
  claims?: readonly Claim[];
  clock?: Clock;
}

/** The entry under a key; unreadable if it is damaged or written by another version. */
type Found = LedgerEntry | 'unreadable';

/** One question on its way, and where its answer belongs. */
interface Asking {
  key: string;
  asked: LedgerEntry['asked'];
  question: Question<unknown>;
  /** Answers to this question that were paid for and cannot be read: 0 or 1. */
  before: number;
  signal: AbortSignal | undefined;
}

/** What all ledgers of this process on one storage share. */
interface Shared {
  /** Questions being asked right now: the second to ask waits for the first. */
  flights: Map<string, Promise<Found>>;
  /** Answers that came and are not stored yet, with the intents that end when they are. */
  unstored: Map<string, { said: LedgerEntry; at: string; intents: Intents }>;
  /** By model. */
  faults: Map<string, QuestionFaults>;
}

const sharedByPlace = new Map<string, Shared>();

function sharedAt(place: string): Shared {
  const shared = sharedByPlace.get(place) ?? { flights: new Map(), unstored: new Map(), faults: new Map() };
  sharedByPlace.set(place, shared);
  return shared;
}

/** How often a question that another process is asking is looked for. */
const LOOK_AGAIN_MILLISECONDS = 200;

/**
 * Never asks twice: an answer is stored under the hash of everything that determines it before it is used, and found
 * there by retries, resumed runs, other runs and benchmarks. Refusals are answers too, and were paid for. Identical
 * questions in flight are one, in this process and in others on the same store.
 *
 * A question keeps its turn until its answer is stored, so a process that dies loses at most as many answers as it asks
 * at the same time. An answer that cannot be stored, as on a full disk, stays in memory, and is stored when it is asked
 * for again.
 *
 * An answer in the ledger that cannot be read (damaged, or kept when answers were read less strictly) stays where it is
 * and is asked for once more; what then comes is filed under the hash of the question and of the answer it replaces.
 * What was found unscorable stays so.
 *
 * What is no answer never enters the ledger. Where the server has settled that a question has none (the text does not
 * fit its window; it fails at this text, and only at this), the run keeps that by itself.
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
  readonly #shared: Shared;
  readonly #turns: LimitFunction;
  readonly #faults: QuestionFaults;
  readonly #later: LaterTurns;
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
    const { claims = [], leaseSeconds = 600, concurrency = Number.POSITIVE_INFINITY } = options;
    this.#intents = new Intents(store.storage, { place, claims: [...claims], leaseSeconds }, this.#clock.now);
    this.#turns = pLimit(concurrency);
    this.#shared = sharedAt(store.storage.place);
    this.#faults = this.#shared.faults.get(this.name) ?? new QuestionFaults();
    this.#shared.faults.set(this.name, this.#faults);
    this.#later = new LaterTurns(endpoint, this.#faults, this.#clock);
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
      const flying = this.#shared.flights.get(key);
      if (!flying) break;
      const entry = await flying.catch(() => undefined);
      if (entry) return this.#count(key, entry);
      // The other asker gave up or failed, for reasons that may be its own: this one asks for itself.
    }
    const flight = this.#later.track(() => this.#fly(asking));
    this.#shared.flights.set(key, flight);
    try {
      return await flight;
    } finally {
      this.#shared.flights.delete(key);
    }
  }

  async #fly(asking: Asking): Promise<Found> {
    const { key, signal } = asking;
    for (let held = false; ; ) {
      const known = await this.#lookups.track(this.#find(key));
      if (known) return known;
      if (!held || !(await this.#intents.held(key))) {
        if (this.#shared.unstored.has(key)) return this.#settle(key);
        // What this place has paid for is known once all its questions have been looked up.
        if (this.#account.isLimited) await this.#lookups.wait();
        const entry = await this.#later.turn(key, () => this.#turns(() => this.#pay(asking)), signal);
        if (entry === 'later') continue;
        if (entry) return entry;
        held = true;
      }
      await this.#clock.sleep(LOOK_AGAIN_MILLISECONDS, signal);
    }
  }

  /**
   * Asks the endpoint and stores what it says; nothing when another process was a moment faster. `later`: the endpoint
   * fails at it and may not fail at others, so it is tried again after them.
   */
  async #pay(asking: Asking): Promise<Found | 'later' | undefined> {
    const { key, question, before, signal } = asking;
    let taken: Taken | undefined;
    let earlier: EarlierAsking = { attempts: [], lost: false };
    let answered = false;
    let lost = 0;
    const sending = async () => {
      await this.#account.reserve(key, signal);
      taken = await this.#intents.take(key);
      if (taken === 'held') throw new HeldElsewhere();
      earlier = this.#intents.earlier(key);
      if (earlier.lost) lost++;
      await this.#checkUnanswered(key);
      return earlier.attempts;
    };
    const requesting = async () => {
      const renewed = await this.#intents.renew(key);
      if (renewed === 'lost') throw new HeldElsewhere();
      if (renewed === 'renewed') await this.#checkUnanswered(key);
    };
    const unusable: AskObserver['unusable'] = (attempts) => this.#intents.note(key, attempts);
    try {
      const observer = { sending, requesting, unusable, lost: () => lost++ };
      const exchange = await this.#endpoint.ask(question, signal, observer);
      answered = true;
      this.#faults.answered(key);
      this.#account.took(exchange.attempts.slice(earlier.attempts.length));
      return await this.#settleNow(asking, exchange, before + lost);
    } catch (error) {
      if (error instanceof HeldElsewhere) return undefined;
      if (answered) throw error;
      const problem = ownProblem(error);
      if (problem !== undefined && this.#faults.failed(key)) {
        const outcome = { unscorable: true, reason: questionFault(problem) } as const;
        return await this.#settleNow(asking, { outcome, attempts: [...earlier.attempts], keep: 'run' }, before + lost);
      }
      await this.#giveUp(key, taken, lost > 0).catch(() => undefined); // `error` says more
      if (problem !== undefined && (this.#later.hasOthers || this.#faults.needsProbes(key))) return 'later';
      throw error;
    } finally {
      this.#account.release(key);
    }
  }

  /** Files what has come of a question. */
  async #settleNow(
    { key, asked, question }: Asking,
    { outcome, attempts, keep }: Exchange<unknown>,
    repeated: number,
  ): Promise<Found> {
    const said: LedgerEntry = {
      prompt: question.prompt.name,
      asked,
      question: question.data,
      attempts,
      outcome: 'answer' in outcome ? { answered: true } : outcome,
      paidBy: this.#place,
      repeated,
      cost: attempts.reduce((sum, attempt) => sum + costOf(attempt, this.#price), 0),
    };
    const at = keep === 'run' ? runOutcomeKey(key, this.#place) : key;
    if (at === undefined) {
      await this.#intents.giveUp(key, { lost: repeated > 0 });
      return said;
    }
    this.#shared.unstored.set(key, { said, at, intents: this.#intents });
    return await this.#settle(key);
  }

  /** Another process may have stored the answer between the last look and the intent. */
  async #checkUnanswered(key: string): Promise<void> {
    if (!(await this.#find(key))) return;
    await this.#intents.drop(key);
    throw new HeldElsewhere();
  }

  /** Stores an answer that has come, now or for an earlier asker. */
  async #settle(key: string): Promise<Found> {
    const { said, at, intents } = this.#shared.unstored.get(key)!;
    const entry = await this.#keep(at, said, key);
    this.#shared.unstored.delete(key);
    await intents.drop(key);
    return entry;
  }

  /** No answer has come. */
  async #giveUp(key: string, taken: Taken | undefined, lost: boolean): Promise<void> {
    if (taken === undefined) await this.#intents.withdraw(key);
    else await this.#intents.giveUp(key, { lost });
  }

  /** In the ledger, or with the run. */
  async #find(key: string): Promise<Found | undefined> {
    const inRun = runOutcomeKey(key, this.#place);
    const found = (await this.#read(key)) ?? (inRun === undefined ? undefined : await this.#read(inRun));
    return found && this.#count(key, found);
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

  /**
   * Stores an answer, then gives it; when another process was first with the same question, gives what that one stored.
   * @param at the key to store it under.
   */
  async #keep(at: string, entry: LedgerEntry, key: string): Promise<Found> {
    try {
      await this.#writes(() => this.#store.putJson(at, LedgerEntry.parse(entry)));
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
  // Earlier versions filed what a server said of its own failure as an answer.
  if ('unscorable' in outcome) return endingOf(attempts.at(-1)?.finishReason ?? '') === 'failed' ? undefined : outcome;
  const reading = question.read(attempts.at(-1)?.text ?? '');
  return 'answer' in reading ? reading : undefined;
}

/** Whether the stored entry is damaged, as opposed to a passing fault of the disk. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof VideocapError) return error.code === 'CorruptArtifact';
  return error instanceof z.ZodError || error instanceof SyntaxError;
}

/** Why the endpoint fails, if it is perhaps at this question alone. */
function ownProblem(error: unknown): string | undefined {
  if (!(error instanceof JudgeError) || error.fault.kind !== 'unavailable') return undefined;
  return error.fault.perhapsOneQuestion ? problemOf(error.fault) : undefined;
}

class HeldElsewhere extends Error {}
