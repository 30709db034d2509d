import { expect } from 'vitest';
import type { ErrorCode } from '../core/errors.ts';

/**
 * Matches an error of the project by its code, and by what its sentence names, in this order: the field, the value, the
 * file. The wording of sentences is pinned in `test/sentences`.
 */
export function refusal(code: ErrorCode, ...named: (string | number)[]): unknown {
  return expect.objectContaining({ code, message: naming(...named) });
}

/** Matches a text that names these, in this order. */
export function naming(...named: (string | number)[]): string {
  return expect.stringMatching(new RegExp(named.map(escaped).join('[^]*'))) as string;
}

/** Matches one line, with its line break, that names these, in this order. */
export function lineNaming(...named: (string | number)[]): string {
  return expect.stringMatching(new RegExp(`^[^\\n]*${named.map(escaped).join('[^\\n]*')}[^\\n]*\\n$`)) as string;
}

function escaped(text: string | number): string {
  return String(text).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
