import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { z } from 'zod';
import { Claim, isLost } from '../../core/fence.ts';
import type { Storage, StoredText } from '../../core/storage.ts';
import { ASKING } from '../../core/store-layout.ts';
import { PaidRequest } from '../client/llm-client.ts';

/** The process that is asking a question. */
export const Intent = z.strictObject({
  /** Id of the process, by which it recognises its own intents. */
  process: z.string(),
  /** The attempt's right to write: once another attempt or execution has taken over, this one counts as gone. */
  claims: z.array(Claim),
  /** The place in a run that asks. */
  place: z.string(),
  /** Seconds after the last put for which the holder may still be asking. */
  leaseSeconds: z.number(),
  /** Distinguishes two intents of the same question. */
  taking: z.string(),
  /** The holder has given up, and perhaps paid. */
  released: z.literal(true).optional(),
  /** Answers that were paid for and could not be used: the next asker continues after them. */
  attempts: z.array(PaidRequest).optional(),
  /** Whether a request was perhaps paid for besides those; absent: it was. */
  lost: z.literal(false).optional(),
});
export type Intent = z.infer<typeof Intent>;

/**
 * - `fresh`: no process was asking; now this one is.
 * - `abandoned`: a process asked and never stored an answer; now this one is asking.
 * - `held`: another process is asking right now.
 */
export type Taken = 'fresh' | 'abandoned' | 'held';

export interface EarlierAsking {
  /** Answers that were paid for and could not be used. */
  attempts: readonly PaidRequest[];
  /** Whether a request was perhaps paid for besides, and its answer lost. */
  lost: boolean;
}

/**
 * - `kept`: the lease still covers a request.
 * - `renewed`: it does again. Meanwhile another process may have asked, and stored the answer.
 * - `lost`: another process has taken the question over.
 */
export type Renewed = 'kept' | 'renewed' | 'lost';

const PROCESS = randomUUID();

/** Characters of an answer that an intent repeats. */
const LONGEST_NOTED = 4000;

/**
 * One ref for each question that is being asked, in `ledger/asking/`: put before its first request goes out, removed
 * when its answer is stored or when it certainly has none. A leftover intent means an answer that was perhaps
 * paid for and lost.
 *
 * A process takes an abandoned intent over by putting the next number, which only one of many can do; the intents with
 * lower numbers are removed. An intent is abandoned when its holder has released it, when its attempt was superseded (a
 * worker that died: Temporal starts the next attempt, which takes over at once), or when its lease is over (a run that
 * was terminated as its worker died).
 */
export class Intents {
  readonly #storage: Storage;
  readonly #holder: Pick<Intent, 'claims' | 'place' | 'leaseSeconds'>;
  readonly #now: () => number;
  /** What was put here, by question, and when: milliseconds since the epoch. */
  readonly #mine = new Map<string, { number: number; text: string; putAt: number; earlier: EarlierAsking }>();

  constructor(storage: Storage, holder: Pick<Intent, 'claims' | 'place' | 'leaseSeconds'>, now: () => number) {
    this.#storage = storage;
    this.#holder = holder;
    this.#now = now;
  }

  /** @param key of the question's ledger entry. */
  async take(key: string): Promise<Taken> {
    let before: Intent | undefined;
    for (let number = 1; ; number++) {
      const { attempts = [], lost = true } = before ?? {};
      const text = textOf({
        process: PROCESS,
        ...this.#holder,
        taking: randomUUID(),
        ...(attempts.length > 0 && { attempts }),
      });
      this.#mine.set(key, { number, text, putAt: this.#now(), earlier: { attempts, lost: number > 1 && lost } });
      // Only when the storage has it does the request go out.
      const there = await this.#storage.putRef(keyOf(key, number), text, { ifAbsent: true });
      if (there === text) return number === 1 ? 'fresh' : await this.#takenOver(key, number);
      const stored = await this.#storage.getRef(keyOf(key, number));
      // Its holder has dropped it since: the same number is free again.
      if (!stored) number--;
      else if (await this.#isHeld(stored)) {
        this.#mine.delete(key);
        return 'held';
      } else before = readIntent(stored.text);
    }
  }

  /** What earlier askers of a question that was taken have paid. */
  earlier(key: string): EarlierAsking {
    return this.#mine.get(key)?.earlier ?? { attempts: [], lost: false };
  }

  /** An answer that cannot be used was paid for: should this process die, the next asker finds it. */
  async note(key: string, attempts: readonly PaidRequest[]): Promise<void> {
    const mine = this.#mine.get(key);
    if (!mine) return;
    // A ref has room for little; a text that is left out cannot be used either.
    const noted = attempts.map((one) => (one.text.length > LONGEST_NOTED ? { ...one, text: '' } : one));
    mine.text = textOf({ ...Intent.parse(JSON.parse(mine.text)), attempts: noted });
    await this.#storage.putRef(keyOf(key, mine.number), mine.text, { ifAbsent: false });
  }

  /**
   * Before each request: the lease, which other processes go by, must last until the request has ended. Half of it is
   * enough for that, so a question that has not waited long costs no write.
   */
  async renew(key: string): Promise<Renewed> {
    const mine = this.#mine.get(key);
    if (!mine) return 'lost';
    if (this.#now() - mine.putAt < 500 * this.#holder.leaseSeconds) return 'kept';
    mine.putAt = this.#now();
    // Puts first, and looks afterwards. A process that takes over does both in the same order, so at least one of the
    // two sees the other.
    await this.#storage.putRef(keyOf(key, mine.number), mine.text, { ifAbsent: false });
    if (!(await this.#storage.getRef(keyOf(key, mine.number + 1)))) return 'renewed';
    this.#mine.delete(key);
    return 'lost';
  }

  /** Whether another process is asking this now. For its own process the ledger knows. */
  async held(key: string): Promise<boolean> {
    for (let number = 1; ; number++) {
      const stored = await this.#storage.getRef(keyOf(key, number));
      if (!stored) return false;
      if (await this.#isHeld(stored)) return true;
    }
  }

  /** The question is settled: its answer is stored, or it certainly has none. */
  async drop(key: string): Promise<void> {
    const mine = this.#mine.get(key);
    // The highest first: as long as it is there, no other process takes a lower one.
    for (let number = mine?.number ?? 0; number > 0; number--)
      await this.#storage.remove({ kind: 'ref', key: keyOf(key, number) });
    this.#mine.delete(key);
  }

  /**
   * The question has no answer. Where it was perhaps paid for, the next asker counts that, and where answers were that
   * cannot be used, goes on after them; neither need wait.
   */
  async giveUp(key: string, { lost }: { lost: boolean }): Promise<void> {
    const mine = this.#mine.get(key);
    if (!mine) return;
    const intent = Intent.parse(JSON.parse(mine.text));
    if (!lost && intent.attempts === undefined) return this.drop(key);
    const text = textOf({ ...intent, released: true, ...(!lost && { lost }) });
    await this.#storage.putRef(keyOf(key, mine.number), text, { ifAbsent: false });
    this.#mine.delete(key);
  }

  /** After `take` has failed: nothing was asked. */
  async withdraw(key: string): Promise<void> {
    const mine = this.#mine.get(key);
    const stored = mine && (await this.#storage.getRef(keyOf(key, mine.number)));
    if (stored && stored.text === mine.text) await this.#storage.remove({ kind: 'ref', key: keyOf(key, mine.number) });
    this.#mine.delete(key);
  }

  /** The intents below were abandoned when they were read, and one may have been renewed since. */
  async #takenOver(key: string, number: number): Promise<Taken> {
    for (let below = number - 1; below > 0; below--) {
      const stored = await this.#storage.getRef(keyOf(key, below));
      if (!stored || !(await this.#isHeld(stored))) continue;
      await this.#storage.remove({ kind: 'ref', key: keyOf(key, number) });
      this.#mine.delete(key);
      return 'held';
    }
    return 'abandoned';
  }

  async #isHeld(stored: StoredText): Promise<boolean> {
    const intent = readIntent(stored.text);
    return (
      intent !== undefined &&
      intent.process !== PROCESS &&
      (await mayBeAtWork(this.#storage, intent, stored, this.#now()))
    );
  }
}

/** What the text of an intent says; nothing where it is damaged. */
export function readIntent(text: string): Intent | undefined {
  try {
    return Intent.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether an intent's holder may still be asking. `now`: milliseconds since the epoch. */
export async function mayBeAtWork(
  storage: Storage,
  { claims, leaseSeconds, released }: Intent,
  { storedAt }: Pick<StoredText, 'storedAt'>,
  now: number,
): Promise<boolean> {
  return !released && now - storedAt < 1000 * leaseSeconds && !(await isLost(storage, claims));
}

function textOf(intent: Intent): string {
  return JSON.stringify(intent);
}

function keyOf(key: string, number: number): string {
  return `${ASKING}${basename(key, '.json')}.${number}`;
}
