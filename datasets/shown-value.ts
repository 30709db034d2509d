import { clipped } from '../core/clipped.ts';

/** Characters of a value or a name in a sentence. */
export const LONGEST_SHOWN = 40;

/** A value of a dataset file for use in a sentence: as JSON, shortened where it is long. */
export function shownValue(value: unknown): string {
  try {
    return clipped(JSON.stringify(value) ?? String(value), LONGEST_SHOWN);
  } catch {
    return Array.isArray(value) ? 'a list without end' : 'an object without end';
  }
}
