import { readFileSync, statSync } from 'node:fs';

/** Bytes; a tokenizer of 150,000 tokens takes 11 MB. */
const MAX_BYTES = 2 ** 26;

/** How a file in Git LFS begins that was never fetched. */
export const LFS_POINTER = 'version https://git-lfs';

/**
 * The text of a model's file. Of files only: a pipe or a device might never end, and reading blocks this thread.
 * @throws Error with the reason, for a sentence's end.
 */
export function readText(path: string): string {
  const found = statSync(path);
  if (!found.isFile()) throw new Error('it is no file');
  if (found.size > MAX_BYTES) throw new Error(`it has ${found.size} bytes, more than ${MAX_BYTES}`);
  const text = readFileSync(path, 'utf8');
  if (text.startsWith(LFS_POINTER)) throw new Error('it only points at the file in Git LFS; run `git lfs pull` there');
  return text;
}
