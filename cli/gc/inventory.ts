import { readdir, readFile, stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { ignoreMissing, UNFINISHED } from '../../core/durable-file.ts';
import { parseRef } from '../../core/stored-ref.ts';

/** A file of the store. `path` is relative to its root, with `/`. */
export interface StoredFile {
  path: string;
  bytes: number;
  /** When it was written or, for the content of an artifact, last used: milliseconds since the epoch. */
  time: number;
}

export interface Inventory {
  /** Contents of artifacts, those without a reference among them. */
  contents: Map<string, StoredFile>;
  /** By key. `content` is the path it names; none: it is damaged. */
  refs: Map<string, { file: StoredFile; content: string | undefined }>;
  /** Files that were never finished. */
  unfinished: StoredFile[];
  /** Claims of attempts and executions. */
  fences: StoredFile[];
}

const REF = '.ref';

/** Everything in a store. Of the ledger only what was never finished: the rest is nobody's to take. */
export async function takeInventory(root: string): Promise<Inventory> {
  const inventory: Inventory = { contents: new Map(), refs: new Map(), unfinished: [], fences: [] };
  for (const file of await filesUnder(root)) {
    const { path } = file;
    if (UNFINISHED.test(path)) inventory.unfinished.push(file);
    else if (path.startsWith('ledger/')) continue;
    else if (path.startsWith('fences/')) inventory.fences.push(file);
    else if (path.endsWith(REF)) {
      const key = path.slice(0, -REF.length);
      const text = await readFile(join(root, path), 'utf8').catch(ignoreMissing);
      if (text !== undefined)
        inventory.refs.set(key, { file, content: parseRef(key, text)?.uri.slice('store:'.length) });
    } else inventory.contents.set(path, file);
  }
  return inventory;
}

/** The files in a folder and below, in order; none where there is no folder. */
export async function filesUnder(root: string): Promise<StoredFile[]> {
  const entries = (await readdir(root, { recursive: true, withFileTypes: true }).catch(ignoreMissing)) ?? [];
  const files: StoredFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const absolute = join(entry.parentPath, entry.name);
    const found = await stat(absolute).catch(ignoreMissing);
    if (!found) continue;
    files.push({
      path: relative(root, absolute).split(sep).join(posix.sep),
      bytes: found.size,
      time: found.mtimeMs,
    });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
