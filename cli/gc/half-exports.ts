import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ignoreMissing } from '../../core/durable-file.ts';

/**
 * Removes the files of exported models that were never finished, and last written before a moment (milliseconds since
 * the epoch). Exports are folders of this machine, and in no storage.
 * @returns the removed files, or with `dryRun` those to remove.
 */
export async function removeHalfExports(home: string, before: number, dryRun: boolean): Promise<{ bytes: number }[]> {
  const removed: { bytes: number }[] = [];
  const root = join(home, 'checkpoints');
  const entries = (await readdir(root, { recursive: true, withFileTypes: true }).catch(ignoreMissing)) ?? [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !path.includes('.partial/')) continue;
    const found = await stat(path).catch(ignoreMissing);
    if (!found || found.mtimeMs >= before) continue;
    if (!dryRun) {
      await rm(path, { force: true });
      await rmdir(dirname(path)).catch(() => undefined); // not empty yet
    }
    removed.push({ bytes: found.size });
  }
  return removed;
}
