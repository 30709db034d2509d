import JSON5 from 'json5';
import type { z } from 'zod';
import type { Reading } from './question.ts';

/** Characters of an answer. None that we ask for comes near; beyond this nothing is read or kept. */
export const LONGEST_ANSWER = 100_000;
/** Braces at which an object may begin, in an answer that is more than an object. */
const MOST_OBJECTS = 32;

/**
 * The one JSON object in an answer. Servers without structured output wrap it in prose or code fences, or write it as Python
 * does: single quotes, `True`, trailing commas. What is quoted besides the answer must not count as one, so an answer that
 * holds two different objects of the right shape is none, and an object that stands in `untrusted` (the text that was asked
 * about) does not count unless it is the whole answer. Counts and indices are the caller's to check.
 */
export function readJson<S extends z.ZodType>(text: string, shape: S, untrusted = ''): Reading<z.infer<S>> {
  if (text.length > LONGEST_ANSWER) return { fault: 'it must be much shorter' };
  const objects = objectsIn(text.replace(/^\s*<think>[\s\S]*?<\/think>/, ''), bare(untrusted));
  if (objects.length === 0)
    return { fault: text.includes('{') ? 'it must be valid JSON' : 'it must be one JSON object' };
  const answers = new Map<string, z.infer<S>>();
  for (const object of objects) {
    const read = shape.safeParse(object);
    if (read.success) answers.set(JSON.stringify(read.data), read.data);
  }
  const [answer, ...others] = answers.values();
  if (answer === undefined) return { fault: 'it must have exactly the fields that were asked for' };
  return others.length === 0 ? { answer } : { fault: 'it must be one JSON object' };
}

/** Every object that stands in the text and not within another, unless it is quoted from what was asked about. */
function objectsIn(text: string, untrusted: string): unknown[] {
  const whole = parse(text, JSON.parse);
  if (whole !== undefined) return typeof whole === 'object' && whole !== null ? [whole] : [];
  const objects: unknown[] = [];
  let from = 0;
  for (let tried = 0; tried < MOST_OBJECTS; tried++) {
    const start = text.indexOf('{', from);
    if (start < 0) break;
    const end = endOf(text, start);
    const object = end === undefined ? undefined : parse(text.slice(start, end), tolerant);
    if (object !== undefined && !untrusted.includes(bare(text.slice(start, end)))) objects.push(object);
    // A brace that opens no object may stand before one.
    from = object === undefined ? start + 1 : end!;
  }
  return objects;
}

/** Where the object ends that begins at a brace: braces in strings do not count. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  let quote = '';
  let last = '';
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if (quote) {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || (character === "'" && '{[,:'.includes(last))) quote = character;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return at + 1;
    if (character.trim() !== '') last = character;
  }
  return undefined;
}

/** JSON5 with Python's three words. */
function tolerant(text: string): unknown {
  const words: Record<string, string> = { True: 'true', False: 'false', None: 'null' };
  return JSON5.parse(
    text.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\b(?:True|False|None)\b/gs, (found) => words[found] ?? found),
  );
}

/** Quotations may differ in spaces and escapes. */
function bare(text: string): string {
  return text.replace(/[\s\\]+/g, '');
}

function parse(text: string, read: (text: string) => unknown): unknown {
  try {
    return read(text) ?? undefined;
  } catch {
    return undefined;
  }
}
