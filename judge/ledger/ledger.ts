import pLimit, { type LimitFunction } from 'p-limit';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Claim } from '../../core/fence.ts';
import type { Identity } from '../../core/identity.ts';
import { CLOCK, type Clock } from '../client/clock.ts';
import { endingOf } from '../client/finish-reason.ts';
import { JudgeError, problemOf } from '../client/judge-error.ts';
import type { AskObserver, Exchange, LlmClient, LlmEndpoint } from '../client/llm-client.ts';
import type { Budget, Price } from '../judge-config.ts';
import type { Outcome, Question } from '../questions/question.ts';
import type { JudgeSpending, JudgeUsage } from '../usage.ts';
import { costOf } from '../usage.ts';
import { Account } from './account.ts';
import { FiledAnswers } from './filed-answers.ts';
import { type EarlierAsking, Intents, type Taken } from './intents.ts';
import { LaterTurns } from './later-turns.ts';
import { type LedgerEntry, ledgerKey, runOutcomeKey } from './ledger-entry.ts';
import { PinnedJudge } from './pinned-judge.ts';
import { Probes } from './probes.ts';
import { QuestionFaults, questionFault } from './question-faults.ts';
import { type Found, type SharedState, sharedAt, valueIn } from './shared-state.ts';
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

/** One question on its way, and where its answer belongs. */
interface Asking {
  key: string;
  asked: LedgerEntry['asked'];
  question: Question<unknown>;
  /** Answers to this question that were paid for and cannot be read: 0 or 1. */
  before: number;
  signal: AbortSignal | undefined;
}

/** How often a question that another process is asking is looked for. */
const LOOK_AGAIN_MILLISECONDS = 200;

/**
 * Never asks twice: an answer is stored under the hash of everything that determines it before it is used, and found
 * there by retries, resumed runs, other runs and benchmarks. Refusals are answers too, and were paid for. Identical
 * questions in flight are one, in this process and in others on the same store.
 *
 * The version of the judge that a run began with is part of the hash: a run that begins after the judge has become
 * another one finds no answers of the earlier one. Within a run the hash stays, and the run says who has answered.
 *
 * A question keeps its turn until its answer is stored, so a process that dies loses at most as many answers as it asks
 * at the same time.
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
  readonly #place: string;
  readonly #price: Price;
  readonly #clock: Clock;
  readonly #intents: Intents;
  readonly #account: Account;
  readonly #shared: SharedState;
  readonly #filed: FiledAnswers;
  readonly #turns: LimitFunction;
  readonly #faults: QuestionFaults;
  readonly #later: LaterTurns;
  readonly #lookups = new WaitGroup();
  readonly #judge: PinnedJudge;

  constructor(endpoint: LlmEndpoint, store: ArtifactStore, place: string, options: LedgerOptions = {}) {
    this.name = endpoint.name;
    this.#endpoint = endpoint;
    this.#place = place;
    this.#price = options.price ?? { inputPerMillion: 0, outputPerMillion: 0 };
    this.#account = new Account(this.#price, options.budget ?? {}, options.spent ?? { usd: 0, calls: 0 });
    this.#clock = options.clock ?? CLOCK;
    const { claims = [], leaseSeconds = 600, concurrency = Number.POSITIVE_INFINITY } = options;
    this.#intents = new Intents(store.storage, { place, claims: [...claims], leaseSeconds }, this.#clock.now);
    this.#turns = pLimit(concurrency);
    this.#shared = sharedAt(store.storage.place);
    this.#filed = new FiledAnswers(store, place, this.#shared.unstored);
    this.#judge = new PinnedJudge(store.storage, place, this.#shared.versions, this.#clock);
    this.#faults = valueIn(this.#shared.faults, this.name, () => new QuestionFaults());
    const probes = new Probes(endpoint, this.#account, place, this.#shared.probes);
    this.#later = new LaterTurns((signal) => probes.ask(signal), this.#faults, this.#clock);
  }

  get usage(): JudgeUsage {
    return this.#account.usage;
  }

  get answeredBy(): Identity[] {
    return this.#judge.answeredBy;
  }

  /** The version of the judge whose answers this place looks for. */
  version(question: Question<unknown>): Promise<string | undefined> {
    return this.#judge.version(this.#endpoint.identity(question));
  }

  /** @throws VideocapError `JudgeBlocked` when the budget is reached, and what the endpoint throws. */
  async ask<T>(question: Question<T>, signal?: AbortSignal): Promise<Outcome<T>> {
    const judgeVersion = await this.version(question);
    const asked = { ...this.#endpoint.identity(question), ...(judgeVersion !== undefined && { judgeVersion }) };
    for (let replaced: string | undefined; ; ) {
      const key = ledgerKey(asked, question, replaced);
      const found = await this.#entry({ key, asked, question, before: replaced === undefined ? 0 : 1, signal });
      this.#account.ask();
      const outcome = found === 'unreadable' ? undefined : outcomeOf(found, question);
      if (outcome && found !== 'unreadable') this.#judge.uses(found);
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
        if (this.#filed.waits(key)) return this.#count(key, await this.#filed.settle(key));
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
      const cameAt = this.#clock.now();
      if (exchange.unread) this.#faults.refused(key);
      else this.#faults.answered(key);
      // An endpoint that refuses whatever it is asked says nothing about this text.
      const keep = exchange.unread && !this.#faults.hasAnswers ? ({ keep: 'run' } as const) : {};
      this.#account.took(exchange.attempts.slice(earlier.attempts.length));
      const settled = await this.#settleNow(asking, { ...exchange, ...keep }, before + lost);
      await this.#judge.hasAnswered(asking.asked, exchange.attempts, cameAt);
      return settled;
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
    return this.#count(key, await this.#filed.file(key, { said, at, intents: this.#intents }));
  }

  /** Another process may have stored the answer between the last look and the intent. */
  async #checkUnanswered(key: string): Promise<void> {
    if (!(await this.#find(key))) return;
    await this.#intents.drop(key);
    throw new HeldElsewhere();
  }

  /** No answer has come. */
  async #giveUp(key: string, taken: Taken | undefined, lost: boolean): Promise<void> {
    if (taken === undefined) await this.#intents.withdraw(key);
    else await this.#intents.giveUp(key, { lost });
  }

  async #find(key: string): Promise<Found | undefined> {
    const found = await this.#filed.find(key);
    return found && this.#count(key, found);
  }

  /** Notes what this place paid for, now or before it was done again. */
  #count(key: string, found: Found): Found {
    if (found !== 'unreadable' && found.paidBy === this.#place) this.#account.pay(key, found);
    return found;
  }
}

/** What an entry says of a question; nothing where its answer cannot be read. */
export function outcomeOf<T>({ outcome, attempts }: LedgerEntry, question: Question<T>): Outcome<T> | undefined {
  // Earlier versions filed what a server said of its own failure as an answer.
  if ('unscorable' in outcome) return endingOf(attempts.at(-1)?.finishReason ?? '') === 'failed' ? undefined : outcome;
  const { text = '', finishReason = '', outputTokens: tokens = 0, by } = attempts.at(-1) ?? {};
  const reading = question.read(text, { isCut: endingOf(finishReason) === 'cut off', tokens, by });
  return 'answer' in reading ? reading : undefined;
}

/** Why the endpoint fails, if it is perhaps at this question alone. */
function ownProblem(error: unknown): string | undefined {
  if (!(error instanceof JudgeError) || error.fault.kind !== 'unavailable') return undefined;
  return error.fault.perhapsOneQuestion ? problemOf(error.fault) : undefined;
}

class HeldElsewhere extends Error {}
