import type { z } from 'zod';
import { VideocapError } from '../core/errors.ts';
import { jsonFault } from '../core/json-fault.ts';
import { fileFault, readRegularFile } from '../core/regular-file.ts';

/** The largest file of these benchmarks has 10 MB; predictions of all their clips have less than 100. */
const MAX_BYTES = 2 ** 28;

/**
 * Reads a file of a benchmark as its authors ship it. A byte order mark is fine.
 * @throws VideocapError `InvalidDataset` when there is no such file, or it is not UTF-8.
 */
export async function readAnnotationFile(path: string, what: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readRegularFile(path, MAX_BYTES);
  } catch (error) {
    const fault = fileFault(error);
    if (fault === undefined) throw error;
    throw badAnnotation(`${what} ${path} ${fault}; check the path.`, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw badAnnotation(`${what} ${path} is not UTF-8; take the file as its authors ship it.`, error);
  }
}

/**
 * One value of a file's JSON. `place` names the file and the line.
 * @throws VideocapError `InvalidDataset` that names the place and the field.
 */
export function readAnnotation<S extends z.ZodType>(text: string, shape: S, place: string): z.infer<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw badAnnotation(`${place} ${jsonFault(error as SyntaxError)}.`, error);
  }
  return checkAnnotation(json, shape, place);
}

/** @throws VideocapError `InvalidDataset` that names the place and the field. */
export function checkAnnotation<S extends z.ZodType>(json: unknown, shape: S, place: string): z.infer<S> {
  const read = shape.safeParse(json);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  throw badAnnotation(`${place}${path.length > 0 ? `, field ${fieldName(path)}` : ''}: ${message}.`);
}

export function badAnnotation(message: string, cause?: unknown): VideocapError {
  return new VideocapError('InvalidDataset', message, cause === undefined ? {} : { cause });
}

/** `events[3].text`: list items count from 0, as in JSON paths. */
function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}
