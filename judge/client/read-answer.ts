import JSON5 from 'json5';
import type { z } from 'zod';
import type { ParsedAnswer } from '../questions/question.ts';

/** Characters of an answer. Answers to our questions are far shorter; text beyond this is neither read nor kept. */
export const LONGEST_ANSWER = 100_000;
/** Braces at which an object may begin, in an answer that is more than an object. */
const MOST_OBJECTS = 32;

/** Characters. A text without this many cannot hold an answer of ours. */
const SHORTEST_OBJECT = 12;

/**
 * The one JSON object in an answer. Servers without structured output wrap it in prose or code fences, or write it as
 * Python does: single quotes, `True`, trailing commas. What is quoted besides the answer must not count as one, so an
 * answer that holds two different objects of the right shape is none, and what it repeats of `untrusted` (the texts
 * that were asked about) does not count unless it is the whole answer. Counts and indices are the caller's to check.
 */
export function readJson<S extends z.ZodType>(
  text: string,
  shape: S,
  untrusted: readonly string[] = [],
): ParsedAnswer<z.infer<S>> {
  if (text.length > LONGEST_ANSWER) return { fault: 'it must be much shorter' };
  const objects = objectsIn(afterThinking(text), untrusted);
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

/** What comes after the reasoning that some models write first, and nothing if that does not end. */
function afterThinking(text: string): string {
  return /^\s*<think>/.test(text) ? text.replace(/^[\s\S]*<\/think>|^[\s\S]*/, '') : text;
}

/** Every object that stands in the text and not within another, unless it is quoted from what was asked about. */
function objectsIn(answer: string, untrusted: readonly string[]): unknown[] {
  const whole = parse(answer, JSON.parse);
  if (whole !== undefined) return typeof whole === 'object' && whole !== null ? [whole] : [];
  const text = withoutQuotations(answer, untrusted);
  const asked = bare(untrusted.join('\n'));
  const objects: unknown[] = [];
  let from = 0;
  for (let tried = 0; tried < MOST_OBJECTS; tried++) {
    const start = text.indexOf('{', from);
    if (start < 0) break;
    const end = endOf(text, start);
    const object = end === undefined ? undefined : parse(text.slice(start, end), tolerant);
    if (object !== undefined && !asked.includes(bare(text.slice(start, end)))) objects.push(object);
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

/**
 * Two quotations of one text could make an object of what stands between them: they go first, as they are or as JSON
 * writes them.
 */
function withoutQuotations(answer: string, untrusted: readonly string[]): string {
  const quotable = untrusted.filter((text) => text.length >= SHORTEST_OBJECT && /[{}]/.test(text));
  return quotable
    .flatMap((text) => [text, JSON.stringify(text).slice(1, -1)])
    .reduce((rest, quotation) => rest.replaceAll(quotation, ' '), answer);
}

/** Quotations may differ in spaces, escapes, quotes, capitals and what cannot be seen. */
function bare(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\s\\"'`\u2018-\u201f\p{Cf}]+/gu, '')
    .replace(/,(?=[\]}])/g, '')
    .toLowerCase();
}

function parse(text: string, read: (text: string) => unknown): unknown {
  try {
    return read(text) ?? undefined;
  } catch {
    return undefined;
  }
}
