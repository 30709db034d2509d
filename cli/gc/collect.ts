import { rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ignoreMissing } from '../../core/durable-file.ts';
import { filesUnder, type Inventory, type StoredFile, takeInventory } from './inventory.ts';
import { type KnownExecution, type RunState, stateOf } from './known-runs.ts';
import { neededContents } from './needed.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Nothing younger is touched: it may be in the making, or of a run that began a moment ago. */
const YOUNG_MILLISECONDS = HOUR;

export const KINDS = ['runs', 'checkpoints', 'frames', 'data', 'policies', 'unfinished', 'claims'] as const;
/**
 * `runs`: what finished runs' activities would find if they were tried again. `frames`: clips; `data`: videos and manifests of
 * the small world; `policies`: start weights; each when no run refers to it and none has used it lately. `unfinished`: files
 * and contents left by processes that died. `claims`: who may write for runs that are over.
 */
export type Kind = (typeof KINDS)[number];

export interface Collection {
  removed: Record<Kind, { files: number; bytes: number }>;
  kept: { files: number; bytes: number };
  runs: Record<RunState, number>;
}

export interface CollectOptions {
  home: string;
  known: readonly KnownExecution[];
  /** What no run refers to goes when nobody has used it for so long. */
  cacheDays: number;
  dryRun: boolean;
  now?: number;
}

/**
 * Removes what no run needs from an installation's store and exports. What was paid for, the ledger, always stays. Runs may go on
 * meanwhile: what they use has been used lately, or is referred to.
 */
export async function collectGarbage({
  home,
  known,
  cacheDays,
  dryRun,
  now = Date.now(),
}: CollectOptions): Promise<Collection> {
  const root = join(home, 'store');
  const inventory = await takeInventory(root);
  const runs = runsOf(inventory, known, now - cacheDays * DAY);
  const stateOfRun = (runKey: string) => runs.get(runKey)?.state ?? 'resumable';
  const needed = await neededContents(root, inventory, stateOfRun);

  const old = now - YOUNG_MILLISECONDS;
  const running = [...runs.values()].filter(({ state }) => state === 'running').map(({ since }) => since);
  const executions = known.filter(({ state }) => state === 'running').map(({ startTime }) => startTime);
  // A run's history may refer to whatever it has used since it began.
  const unused = Math.min(now - cacheDays * DAY, ...[...running, ...executions].map((start) => start - HOUR), old);

  const collection: Collection = {
    removed: Object.fromEntries(KINDS.map((kind) => [kind, { files: 0, bytes: 0 }])) as Collection['removed'],
    kept: { files: 0, bytes: 0 },
    runs: { running: 0, resumable: 0, finished: 0 },
  };
  for (const { state } of runs.values()) collection.runs[state]++;

  const sweep = new Sweep(home, collection.removed, dryRun);
  for (const file of inventory.unfinished) await sweep.remove('unfinished', `store/${file.path}`, old);
  for (const { path } of await filesUnder(join(home, 'checkpoints')))
    if (path.includes('.partial/')) await sweep.remove('unfinished', `checkpoints/${path}`, old);
  for (const { path } of inventory.fences)
    if (isOver(path, known, stateOfRun)) await sweep.remove('claims', `store/${path}`, old);

  const refs = new Map([...inventory.refs.values()].map(({ content, file }) => [content, file]));
  for (const [path, file] of inventory.contents) {
    const ref = refs.get(path);
    const before = ref && !path.startsWith('runs/') ? unused : old;
    const removed =
      !needed.has(path) && (await sweep.removeArtifact(ref ? kindOf(path) : 'unfinished', file, ref, before));
    if (!removed) count(collection.kept, file, ref);
  }
  return collection;
}

/** Removes files, or only counts them. What was used since it was looked at stays. */
class Sweep {
  readonly #home: string;
  readonly #removed: Collection['removed'];
  readonly #dryRun: boolean;

  constructor(home: string, removed: Collection['removed'], dryRun: boolean) {
    this.#home = home;
    this.#removed = removed;
    this.#dryRun = dryRun;
  }

  /** @param path relative to the installation's home. @returns whether it was old enough. */
  async remove(kind: Kind, path: string, before: number): Promise<boolean> {
    const absolute = join(this.#home, path);
    const found = await stat(absolute).catch(ignoreMissing);
    if (!found || found.mtimeMs >= before) return false;
    if (!this.#dryRun) {
      await rm(absolute, { force: true });
      await this.#removeEmpty(dirname(absolute));
    }
    count(this.#removed[kind], { bytes: found.size });
    return true;
  }

  /** The reference goes first: what is half removed is no artifact. */
  async removeArtifact(kind: Kind, content: StoredFile, ref: StoredFile | undefined, before: number): Promise<boolean> {
    const found = await stat(join(this.#home, 'store', content.path)).catch(ignoreMissing);
    if (!found || found.mtimeMs >= before) return false;
    if (ref && !(await this.remove(kind, `store/${ref.path}`, before))) return false;
    return this.remove(kind, `store/${content.path}`, before);
  }

  async #removeEmpty(folder: string): Promise<void> {
    for (let empty = folder; empty.startsWith(join(this.#home, 'store')); empty = dirname(empty)) {
      const gone = await rmdir(empty).then(
        () => true,
        () => false,
      );
      if (!gone) return;
    }
  }
}

interface RunFolder {
  state: RunState;
  /** When its first artifact was made. */
  since: number;
}

function runsOf({ refs }: Inventory, known: readonly KnownExecution[], lately: number): Map<string, RunFolder> {
  const times = new Map<string, { first: number; last: number; hasReport: boolean }>();
  for (const [key, { file }] of refs) {
    const runKey = /^runs\/([^/]+)\//.exec(key)?.[1];
    if (runKey === undefined) continue;
    const { first, last, hasReport } = times.get(runKey) ?? { first: file.time, last: file.time, hasReport: false };
    times.set(runKey, {
      first: Math.min(first, file.time),
      last: Math.max(last, file.time),
      hasReport: hasReport || key === `runs/${runKey}/report.html`,
    });
  }
  return new Map(
    [...times].map(([runKey, { first, last, hasReport }]) => [
      runKey,
      { state: stateOf(runKey, known, { hasReport, lately: last > lately }), since: first },
    ]),
  );
}

function kindOf(path: string): Kind {
  if (/^runs\/[^/]+\/checkpoints\//.test(path)) return 'checkpoints';
  if (path.startsWith('clips/')) return 'frames';
  if (path.startsWith('data/')) return 'data';
  if (path.startsWith('policies/')) return 'policies';
  return 'runs';
}

/** Whether nobody can write any more for whom a claim was made. */
function isOver(path: string, known: readonly KnownExecution[], stateOfRun: (runKey: string) => RunState): boolean {
  const [, kind, name] = path.split('/');
  if (kind === 'runs') return stateOfRun(name!) === 'finished';
  return !known.some(({ executionId, state }) => executionId === name && state === 'running');
}

function count(total: { files: number; bytes: number }, ...files: ({ bytes: number } | undefined)[]): void {
  for (const file of files) {
    if (!file) continue;
    total.files++;
    total.bytes += file.bytes;
  }
}
