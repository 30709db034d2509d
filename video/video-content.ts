import { stat } from 'node:fs/promises';
import { sha256OfFile } from '../core/artifact-store.ts';
import { sha256 } from '../core/sha256.ts';
import { picturesOf } from './pictures.ts';

/**
 * What a video is known by, whatever its path: the sha256 of its file; of a folder of pictures, that of its pictures'
 * hashes in order. A picture alone is a file. `bytes` counts all of them.
 */
export async function contentOf(path: string): Promise<{ sha256: string; bytes: number }> {
  const found = await stat(path);
  if (!found.isDirectory()) return { sha256: await sha256OfFile(path), bytes: found.size };
  const hashes: string[] = [];
  let bytes = 0;
  for (const picture of (await picturesOf(path)) ?? []) {
    hashes.push(await sha256OfFile(picture));
    bytes += (await stat(picture)).size;
  }
  return { sha256: sha256(JSON.stringify(['pictures', ...hashes])), bytes };
}
