import { listAll, type Storage, type StoredObject } from '../../core/storage.ts';
import { FENCES } from '../../core/store-layout.ts';
import { keyOfContent } from '../../core/stored-ref.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { neededContents, runKeyOf } from './needed.ts';

export interface Deletion {
  files: number;
  bytes: number;
  /** Artifacts of these runs that stay, since other runs refer to them: a checkpoint that a fork began with. */
  shared: number;
}

/**
 * Removes the folders of runs from a storage, but what other runs refer to. What runs share (frames, videos, the
 * judge's answers) stays: `videocap gc` removes what of it no run uses. A call that was broken off is made again.
 */
export async function deleteRuns(
  storage: Storage,
  runKeys: ReadonlySet<string>,
  { dryRun }: { dryRun: boolean },
): Promise<Deletion> {
  const inventory = await takeInventory(storage);
  const isOwn = (key: string) => runKeys.has(runKeyOf(key) ?? '');
  // All that others have counts, whether they have finished or not.
  const needed = await neededContents(storage, withoutRuns(inventory, isOwn), () => 'resumable');
  const deletion: Deletion = { files: 0, bytes: 0, shared: 0 };
  const remove = async (object: StoredObject) => {
    if (!dryRun) await storage.remove(object);
    deletion.files++;
    deletion.bytes += object.bytes;
  };
  for (const [key, { object, content }] of inventory.refs) {
    if (!isOwn(key)) continue;
    if (content !== undefined && needed.has(content)) deletion.shared++;
    else await remove(object);
  }
  for (const [name, object] of inventory.contents)
    if (isOwn(keyOfContent(name) ?? name) && !needed.has(name)) await remove(object);
  // The last, so that an attempt that is late meets them while there is something to write to.
  for (const runKey of runKeys)
    for await (const object of listAll(storage, `${FENCES}runs/${runKey}/`)) await remove(object);
  return deletion;
}

/** What is known of all other runs. Contents stay: others may refer to them. */
function withoutRuns({ refs, contents, ...rest }: Inventory, isOwn: (key: string) => boolean): Inventory {
  return {
    ...rest,
    refs: new Map([...refs].filter(([key]) => !isOwn(key))),
    contents: new Map([...contents].filter(([name]) => !isOwn(keyOfContent(name) ?? name))),
  };
}
