import { writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import type { ArtifactStore } from '../../core/artifact-store.ts';

/** Where intents lie in the store. */
export const ASKING = 'ledger/asking';

/** Who is asking a question; since when, the file's time says. */
export const Intent = z.object({
  host: z.string(),
  pid: z.int(),
  place: z.string(),
  /** What came back, until it is stored for good. */
  answer: z.unknown().optional(),
});
export type Intent = z.infer<typeof Intent>;

const SECONDS_TO_WRITE = 5;

/**
 * - `fresh`: nobody was asking; now we are.
 * - `abandoned`: somebody asked and never said what came of it; now we are asking.
 * - `held`: another process is asking right now.
 */
export type Taken = 'fresh' | 'abandoned' | 'held';

/**
 * Small files in `ledger/asking/`, one for each question that is being asked: made before its first request, removed when its
 * answer is stored or when it certainly has none. One that is left over tells of an answer that was perhaps paid for and
 * lost. Not flushed to the disk: they survive the death of a process; after a power cut, a question may be asked again uncounted.
 */
export class Intents {
  readonly #store: ArtifactStore;
  readonly #place: string;
  readonly #leaseSeconds: number;
  #folder: Promise<unknown> | undefined;

  /** @param leaseSeconds no question is being asked for longer than this. */
  constructor(store: ArtifactStore, place: string, leaseSeconds: number) {
    this.#store = store;
    this.#place = place;
    this.#leaseSeconds = leaseSeconds;
  }

  async take(key: string): Promise<Taken> {
    const path = this.#path(key);
    this.#folder ??= mkdir(dirname(path), { recursive: true });
    await this.#folder;
    for (let abandoned = false; ; ) {
      const intent: Intent = { host: hostname(), pid: process.pid, place: this.#place };
      try {
        // Not by a thread: those may be busy flushing answers, and a request's turn has come.
        writeFileSync(path, JSON.stringify(intent), { flag: 'wx' });
        return abandoned ? 'abandoned' : 'fresh';
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (await this.held(key)) return 'held';
      // Of those who find it abandoned, only one can move it away.
      const aside = `${path}.${process.pid}`;
      abandoned = await rename(path, aside).then(
        () => true,
        () => abandoned,
      );
      await rm(aside, { force: true });
    }
  }

  /** Is another process asking this right now? Within this process, the ledger knows. */
  async held(key: string): Promise<boolean> {
    const path = this.#path(key);
    const [text, made] = await Promise.all([readFile(path, 'utf8'), stat(path)]).catch(() => []);
    if (text === undefined || made === undefined) return false;
    const seconds = (Date.now() - made.mtimeMs) / 1000;
    const intent = parse(text);
    // Made, and not yet written: by someone at work, or by one who died just then.
    if (!intent) return seconds < SECONDS_TO_WRITE;
    if (seconds > this.#leaseSeconds) return false;
    return (intent.host !== hostname() || intent.pid !== process.pid) && mayBeAtWork(intent);
  }

  /** Notes an answer the moment it arrives, so that the death of this process loses none that came. */
  note(key: string, answer: unknown): void {
    const intent: Intent = { host: hostname(), pid: process.pid, place: this.#place, answer };
    writeFileSync(this.#path(key), JSON.stringify(intent));
  }

  /** An answer that arrived and was never stored. */
  async left(key: string): Promise<unknown> {
    const text = await readFile(this.#path(key), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parse(text)?.answer;
  }

  async drop(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  #path(key: string): string {
    return this.#store.path(`${ASKING}/${basename(key)}`);
  }
}

function parse(text: string): Intent | undefined {
  try {
    return Intent.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the process that made an intent still runs; of another host's, nothing is known here. */
export function mayBeAtWork({ host, pid }: Pick<Intent, 'host' | 'pid'>): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
