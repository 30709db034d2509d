import type { Storage } from '../../core/storage.ts';
import { parseKey } from '../../core/store-layout.ts';
import { removeHalfExports } from './half-exports.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { type KnownExecution, type RunState, stateOf } from './known-runs.ts';
import { neededContents, runKeyOf } from './needed.ts';
import { type Rule, ruleFor } from './rules.ts';
import { Sweep } from './sweep.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Younger artifacts stay: a stage may still be writing them, or their run may have just begun. */
const YOUNG_MILLISECONDS = HOUR;

export const KINDS = ['runs', 'checkpoints', 'frames', 'data', 'policies', 'unfinished', 'claims'] as const;
/**
 * `runs`: what finished runs' activities would find if they were tried again. `frames`: clips; `data`: videos and
 * manifests of the small world; `policies`: start weights; each when no run refers to it and none has used it lately.
 * `unfinished`: files and contents left by processes that died. `claims`: write claims of ended runs.
 */
export type Kind = Rule['kind'] | 'unfinished' | 'claims';

export interface Collection {
  removed: Record<Kind, { files: number; bytes: number }>;
  kept: { files: number; bytes: number };
  runs: Record<RunState, number>;
}

export interface CollectOptions {
  storage: Storage;
  /** The folder of exported models. */
  home: string;
  known: readonly KnownExecution[];
  /** Days without use after which unreferenced artifacts are deleted. */
  cacheDays: number;
  dryRun: boolean;
  now?: number;
}

/**
 * Removes what no run needs from a storage, and half exports. The rule, by what an artifact is (`rules.ts`):
 * 1. Contents that are reached from the refs of a running or resumable run stay (`neededContents`); of a finished run,
 *    those that are kept for good, with all that they refer to.
 * 2. Everything else of a run goes once its ref was put an hour ago.
 * 3. What runs share goes once its ref was put before three moments: `cacheDays` ago, an hour ago, and an hour before
 *    the first running run began. `ArtifactStore` puts the ref of a shared artifact again when a stage finds it, if
 *    that was not done in the last ten minutes; so whatever a running run has used was put since the run began, less
 *    ten minutes, though nothing but its history may refer to it.
 * 4. A content without a ref goes an hour after it was put: a stage puts the ref right after the content.
 * 5. The ledger stays, and so does what `rules.ts` does not know.
 *
 * Runs may continue meanwhile. The time of a ref is looked at again just before it is removed, and the ref goes before
 * its content: a run that comes in between finds no artifact and makes it, or, in the moment between that look and the
 * removal, finds its content gone, is refused by name, and makes it when it is resumed.
 */
export async function collectGarbage({
  storage,
  home,
  known,
  cacheDays,
  dryRun,
  now = Date.now(),
}: CollectOptions): Promise<Collection> {
  const inventory = await takeInventory(storage);
  const runs = runsOf(inventory, known, now - cacheDays * DAY);
  const stateOfRun = (runKey: string) => runs.get(runKey)?.state ?? 'resumable';
  const needed = await neededContents(storage, inventory, stateOfRun);

  const old = now - YOUNG_MILLISECONDS;
  const running = [...runs.values()].filter(({ state }) => state === 'running').map(({ since }) => since);
  const executions = known.filter(({ state }) => state === 'running').map(({ startTime }) => startTime);
  const unused = Math.min(now - cacheDays * DAY, ...[...running, ...executions].map((start) => start - HOUR), old);

  const collection: Collection = {
    removed: Object.fromEntries(KINDS.map((kind) => [kind, { files: 0, bytes: 0 }])) as Collection['removed'],
    kept: { files: 0, bytes: 0 },
    runs: { running: 0, resumable: 0, finished: 0 },
  };
  for (const { state } of runs.values()) collection.runs[state]++;

  const sweep = new Sweep(storage, dryRun);
  for (const object of inventory.unfinished) count(collection.removed.unfinished, await sweep.remove([object], old));
  count(collection.removed.unfinished, await removeHalfExports(home, old, dryRun));
  for (const object of inventory.claims)
    if (isOver(object.key, known, stateOfRun)) count(collection.removed.claims, await sweep.remove([object], old));

  const refs = new Map([...inventory.refs.values()].map(({ content, object }) => [content, object]));
  for (const [name, content] of inventory.contents) {
    const ref = refs.get(name);
    const { need, kind } = ruleFor(ref?.key ?? name);
    const objects = ref ? [ref, content] : [content];
    const removed = needed.has(name) ? [] : await sweep.remove(objects, ref && need === 'cache' ? unused : old);
    if (removed.length > 0) count(collection.removed[ref ? kind : 'unfinished'], removed);
    else count(collection.kept, objects);
  }
  return collection;
}

interface RunFolder {
  state: RunState;
  /** When its first artifact was made. */
  since: number;
}

function runsOf({ refs }: Inventory, known: readonly KnownExecution[], lately: number): Map<string, RunFolder> {
  const times = new Map<string, { first: number; last: number }>();
  for (const [key, { object }] of refs) {
    const runKey = runKeyOf(key);
    if (runKey === undefined) continue;
    const { first, last } = times.get(runKey) ?? { first: object.storedAt, last: object.storedAt };
    times.set(runKey, { first: Math.min(first, object.storedAt), last: Math.max(last, object.storedAt) });
  }
  const reported = new Set([...refs.keys()].filter((key) => parseKey(key)?.kind === 'report').map(runKeyOf));
  return new Map(
    [...times].map(([runKey, { first, last }]) => {
      const hasReport = reported.has(runKey);
      return [runKey, { state: stateOf(runKey, known, { hasReport, lately: last > lately }), since: first }];
    }),
  );
}

/** Whether nothing can be written any more by the execution or the run that a claim is of. */
function isOver(key: string, known: readonly KnownExecution[], stateOfRun: (runKey: string) => RunState): boolean {
  const [, kind, name] = key.split('/');
  if (kind === 'runs') return stateOfRun(name!) === 'finished';
  return !known.some(({ executionId, state }) => executionId === name && state === 'running');
}

function count(total: { files: number; bytes: number }, objects: readonly { bytes: number }[]): void {
  for (const { bytes } of objects) {
    total.files++;
    total.bytes += bytes;
  }
}
