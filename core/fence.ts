import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from './durable-file.ts';
import { VideocapError } from './errors.ts';

/** The right to change the store, held by one attempt at a piece of work until another attempt takes it over. */
export interface Fence {
  /** Called before every change. @throws VideocapError `Superseded` when the right is lost. */
  check(): Promise<void>;
}

/** One attempt at an activity, as Temporal tells it. */
export interface Attempt {
  /** The execution of the workflow (its run id), and the activity within it. */
  execution: string;
  activity: string;
  /** From 1. */
  attempt: number;
  /** The run whose folder in the store it writes to, where there is one. */
  runKey?: string | undefined;
}

/**
 * Who may write, as small empty files in `fences/` of the store, so that a process that was stopped and continued learns
 * that others have taken over its work:
 * - `attempts/<execution>/<activity>/<attempt>`: a later attempt at the same activity. A first attempt leaves no file, since
 *   there is none before it to keep out.
 * - `runs/<runKey>/<number>-<execution>`: a later execution of the same run, as `videocap resume` starts one. An execution
 *   that is new here takes the next number. Clocks have no part in it.
 */
export class Fences {
  readonly #folder: string;

  constructor(storeRoot: string) {
    this.#folder = join(storeRoot, 'fences');
  }

  /** Takes over from all earlier attempts and executions. @throws VideocapError `Superseded` for one that is itself earlier. */
  async claim(attempt: Attempt): Promise<Fence> {
    const claims = [await this.#claimAttempt(attempt)];
    if (attempt.runKey !== undefined) claims.push(await this.#claimRun(attempt.runKey, attempt.execution));
    return {
      async check() {
        for (const { folder, token, taken } of claims) if ((await lastIn(folder)) > token) throw superseded(taken);
      },
    };
  }

  async #claimAttempt({ execution, activity, attempt }: Attempt): Promise<Claim> {
    const folder = join(this.#folder, 'attempts', fileName(execution), fileName(activity));
    const token = number(attempt);
    const taken = `attempt ${attempt} at this activity was given up by Temporal, and another has begun`;
    if ((await lastIn(folder)) > token) throw superseded(taken);
    if (attempt > 1) await mark(folder, token);
    return { folder, token, taken };
  }

  async #claimRun(runKey: string, execution: string): Promise<Claim> {
    const folder = join(this.#folder, 'runs', fileName(runKey));
    const taken = `another execution of run ${runKey} has taken over from ${execution}`;
    for (;;) {
      const tokens = await tokensIn(folder);
      const token = tokens.findLast((name) => name.slice(DIGITS + 1) === fileName(execution));
      if (token !== undefined && token < tokens.at(-1)!) throw superseded(taken);
      if (token !== undefined) return { folder, token, taken };
      const next = Number(tokens.at(-1)?.slice(0, DIGITS) ?? 0) + 1;
      await mark(folder, `${number(next)}-${fileName(execution)}`);
      // Two executions may take one number at the same moment; the order of their names settles it.
    }
  }
}

interface Claim {
  folder: string;
  /** Names in the folder that sort after this one are claims of others, who came later. */
  token: string;
  /** How it is said that this claim is lost. */
  taken: string;
}

const DIGITS = 8;

function number(value: number): string {
  return String(value).padStart(DIGITS, '0');
}

function fileName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_');
}

async function mark(folder: string, token: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, token), '');
}

async function tokensIn(folder: string): Promise<string[]> {
  return ((await readdir(folder).catch(ignoreMissing)) ?? []).sort();
}

async function lastIn(folder: string): Promise<string> {
  return (await tokensIn(folder)).at(-1) ?? '';
}

function superseded(how: string): VideocapError {
  return new VideocapError('Superseded', `Nothing more is stored: ${how}.`);
}
