import { VideocapError } from './errors.ts';
import { jsonFault } from './json-fault.ts';
import { fileFault, readRegularFileSync } from './regular-file.ts';

/** Bytes of a text file of a model; a tokenizer of 150,000 tokens takes 11 MB. */
const MAX_TEXT = 2 ** 26;
/** How a file in Git LFS begins that was never fetched. */
const LFS_POINTER = 'version https://git-lfs';
/** Where to look for it, in bytes. */
const HEAD = 100;

/**
 * The bytes of a file of a model folder, which is not trusted. Only of a file: a pipe or a device might never end, and
 * reading blocks this thread.
 * @param most bytes of the largest file that is read; default: those of a text.
 * @throws VideocapError `InvalidModel` naming the file, what is wrong with it and the remedy.
 */
export function readModelFile(path: string, most = MAX_TEXT): Buffer {
  let bytes: Buffer;
  try {
    bytes = readRegularFileSync(path, most);
  } catch (error) {
    const fault = fileFault(error);
    if (fault === undefined) throw error;
    throw invalidFile(path, fault, WHOLE, error);
  }
  if (bytes.subarray(0, HEAD).toString('latin1').startsWith(LFS_POINTER))
    throw invalidFile(path, 'only points at a file in Git LFS', 'run `git lfs pull` in its folder');
  return bytes;
}

/** The text of a model's file. Throws as `readModelFile`. */
export function readModelText(path: string): string {
  return readModelFile(path).toString('utf8');
}

/** The JSON object in a model's file. Throws as `readModelFile`. */
export function readModelJson(path: string): Record<string, unknown> {
  const text = readModelText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidFile(path, jsonFault(error as SyntaxError), WHOLE, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidFile(path, 'is no JSON object', WHOLE);
  return value as Record<string, unknown>;
}

const WHOLE = 'use a whole copy of the model';

function invalidFile(path: string, fault: string, remedy: string, cause?: unknown): VideocapError {
  return new VideocapError('InvalidModel', `Model file ${path} ${fault}; ${remedy}.`, { cause });
}
