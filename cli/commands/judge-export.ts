import { open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { type Filed, type FiledEntry, readEntries } from '../../judge/ledger/read-ledger.ts';

export interface ExportChoice {
  wanted: (entry: FiledEntry) => boolean;
  /** How many of the latest; without it, all. */
  limit?: number | undefined;
}

/**
 * Writes entries (`filed`: oldest first) to a new file, one JSON object a line, oldest first, and says how many. Holds
 * a few entries at a time, however large the ledger. A file that cannot be written to its end is removed.
 * @throws VideocapError `InvalidInput` when the file exists, or its folder does not.
 */
export async function exportEntries(
  store: ArtifactStore,
  filed: readonly Filed[],
  path: string,
  { wanted, limit }: ExportChoice,
): Promise<number> {
  const file = await openNew(path);
  let written = 0;
  async function* lines() {
    const chosen = limit === undefined ? filed : await latestOf(store, filed, wanted, limit);
    for await (const entry of readEntries(store, chosen)) {
      if (typeof entry === 'string' || !wanted(entry)) continue;
      yield `${JSON.stringify(entry)}\n`;
      written++;
    }
  }
  try {
    await pipeline(lines, file.createWriteStream());
    return written;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Where the latest entries are, oldest first. */
async function latestOf(
  store: ArtifactStore,
  filed: readonly Filed[],
  wanted: ExportChoice['wanted'],
  limit: number,
): Promise<Filed[]> {
  const latest: Filed[] = [];
  for await (const entry of readEntries(store, filed.toReversed())) {
    if (typeof entry === 'string' || !wanted(entry)) continue;
    latest.push({ key: entry.key, stored: entry.stored });
    if (latest.length === limit) break;
  }
  return latest.reverse();
}

async function openNew(path: string) {
  try {
    return await open(path, 'wx');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new VideocapError('InvalidInput', `${path} exists already; name another file.`);
    if (code === 'ENOENT') throw new VideocapError('InvalidInput', `There is no folder for ${path}; make it first.`);
    throw error;
  }
}
