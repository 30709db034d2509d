import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { VideocapError } from './errors.ts';
import { listAll, type Storage } from './storage.ts';
import { FENCES } from './store-layout.ts';

/** A token under a prefix. Another token there that sorts after it is a later claim, to which this one has lost. */
export const Claim = z.strictObject({ prefix: z.string(), token: z.string() });
export type Claim = z.infer<typeof Claim>;

/** The right to change the store, held by one attempt at a piece of work until another attempt takes it over. */
export interface Fence {
  /** Shows others that the right to write is lost. */
  readonly claims: readonly Claim[];
  /** Called before every change. @throws VideocapError `Superseded` when the right is lost. */
  check(): Promise<void>;
}

/** One attempt at an activity, as Temporal describes it. */
export interface Attempt {
  /** The execution of the workflow (its run id), and the activity within it. */
  execution: string;
  activity: string;
  /** When Temporal scheduled it, by the server's clock: milliseconds since the epoch. */
  scheduled: number;
  /**
   * Whether none came before. Temporal's count of attempts does not tell: a user can reset it to 1, while an attempt
   * still runs that counts more.
   */
  first: boolean;
  /** The run whose folder in the store it writes to, where there is one. */
  runKey?: string | undefined;
}

/**
 * Which attempt may write, as refs without text, so that a process that was stopped and continued learns that others
 * have taken over its work:
 * - `attempts/<execution>/<activity>/<time>-<number>-<id>`: a later attempt at the same activity, by the time at which
 *   Temporal scheduled it; of attempts scheduled at one moment the next number takes over. A first attempt puts none,
 *   since there is none before it to keep out.
 * - `runs/<runKey>/<number>-<execution>`: a later execution of the same run, as `videocap resume` starts one. An
 *   execution that is new here takes the next number.
 * No clock but Temporal's own has a part in it. Where that was set back, an attempt is superseded until the clock has
 * caught up.
 */
export class Fences {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * Takes over from all earlier attempts and executions.
   * @throws VideocapError `Superseded` for one that is itself earlier.
   */
  async claim(attempt: Attempt): Promise<Fence> {
    const claims: OwnClaim[] = [await this.#claimAttempt(attempt)];
    if (attempt.runKey !== undefined) claims.push(await this.#claimRun(attempt.runKey, attempt.execution));
    return {
      claims: claims.map(({ prefix, token }) => ({ prefix, token })),
      check: async () => {
        for (const claim of claims) await this.#requireLast(claim);
      },
    };
  }

  async #claimAttempt({ execution, activity, scheduled, first }: Attempt): Promise<OwnClaim> {
    const prefix = `${FENCES}attempts/${keyPart(execution)}/${keyPart(activity)}/`;
    const lost = 'this attempt at the activity was given up by Temporal, and another has begun';
    const tokens = await tokensUnder(this.#storage, prefix);
    const last = tokens.at(-1);
    const time = number(scheduled, TIME_DIGITS);
    if (first) {
      if (last !== undefined) throw superseded(lost);
      return { prefix, token: '', lost };
    }
    const lastTime = last?.slice(0, TIME_DIGITS) ?? '';
    if (lastTime > time) throw superseded(lost);
    const before = lastTime === time ? Number(last!.slice(TIME_DIGITS + 1, TIME_DIGITS + 1 + DIGITS)) : 0;
    const claim = { prefix, token: `${time}-${number(before + 1)}-${randomUUID()}`, lost };
    await this.#put(claim);
    return claim;
  }

  async #claimRun(runKey: string, execution: string): Promise<OwnClaim> {
    const prefix = `${FENCES}runs/${keyPart(runKey)}/`;
    const lost = `another execution of run ${runKey} has taken over from ${execution}`;
    for (;;) {
      const tokens = await tokensUnder(this.#storage, prefix);
      const token = tokens.findLast((name) => name.slice(DIGITS + 1) === keyPart(execution));
      if (token !== undefined && token < tokens.at(-1)!) throw superseded(lost);
      if (token !== undefined) return { prefix, token, lost };
      const next = Number(tokens.at(-1)?.slice(0, DIGITS) ?? 0) + 1;
      await this.#put({ prefix, token: `${number(next)}-${keyPart(execution)}` });
      // Two executions may take one number at the same moment; the order of their tokens settles it.
    }
  }

  async #requireLast(claim: OwnClaim): Promise<void> {
    if (await isLost(this.#storage, [claim])) throw superseded(claim.lost);
  }

  async #put({ prefix, token }: Claim): Promise<void> {
    await this.#storage.putRef(`${prefix}${token}`, '', { ifAbsent: true });
  }
}

/** Whether any of an attempt's claims is lost. */
export async function isLost(storage: Storage, claims: readonly Claim[]): Promise<boolean> {
  for (const { prefix, token } of claims) if (((await tokensUnder(storage, prefix)).at(-1) ?? '') > token) return true;
  return false;
}

/** In their order. */
async function tokensUnder(storage: Storage, prefix: string): Promise<string[]> {
  const tokens: string[] = [];
  for await (const { kind, key } of listAll(storage, prefix)) if (kind === 'ref') tokens.push(key.slice(prefix.length));
  return tokens.sort();
}

interface OwnClaim extends Claim {
  /** Says in the error's message how the claim was lost. */
  lost: string;
}

const DIGITS = 8;
const TIME_DIGITS = 15;

function number(value: number, digits = DIGITS): string {
  return String(value).padStart(digits, '0');
}

function keyPart(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_');
}

function superseded(how: string): VideocapError {
  return new VideocapError('Superseded', `Nothing more is stored: ${how}.`);
}
