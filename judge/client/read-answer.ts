import JSON5 from 'json5';
import type { z } from 'zod';
import type { ParsedAnswer } from '../questions/question.ts';
import { afterThinking } from './after-thinking.ts';
import { inShape } from './lenient-shape.ts';
import { hasRepeatedKeys } from './repeated-keys.ts';
import { holdsSecondAnswer } from './second-answer.ts';

/** Characters of an answer. Answers to our questions are far shorter; text beyond this is neither read nor kept. */
export const LONGEST_ANSWER = 100_000;
/** Braces at which an object may begin, in an answer that is more than an object. */
const MOST_OBJECTS = 32;

/** Characters. A text without this many cannot hold an answer of ours. */
const SHORTEST_OBJECT = 12;

/**
 * The one JSON object in an answer. Servers without structured output wrap it in prose or code fences, or write it as
 * Python does: single quotes, `True`, trailing commas. What is quoted besides the answer must not count as one, so an
 * answer that holds two different objects of the right shape, or of what is unambiguously meant by it (`inShape`), is
 * none; nor is one object that says two things. What it repeats of `untrusted` (the texts that were asked about) does
 * not count unless it is the whole answer, nor does a list. Counts and indices are the caller's to check.
 */
export function readJson<S extends z.ZodType>(
  text: string,
  shape: S,
  untrusted: readonly string[] = [],
): ParsedAnswer<z.infer<S>> {
  if (text.length > LONGEST_ANSWER) return { fault: 'it must be much shorter' };
  const { values, unsure } = valuesIn(text, untrusted);
  const [answer, ...others] = readings(values, shape);
  if (answer !== undefined) {
    const ambiguous = unsure || others.length > 0 || values.some((value) => holdsSecondAnswer(value, shape));
    return ambiguous ? { fault: 'it must be one JSON object' } : { answer };
  }
  if (values.length > 0) return { fault: 'it must have exactly the fields that were asked for' };
  return { fault: text.includes('{') ? 'it must be valid JSON' : 'it must be one JSON object' };
}

/** Those of the values that mean the shape, each once. */
function readings<S extends z.ZodType>(values: readonly unknown[], shape: S): z.infer<S>[] {
  const read = new Map<string, z.infer<S>>();
  for (const value of values) {
    const { success, data } = shape.safeParse(inShape(value, shape));
    if (success) read.set(JSON.stringify(data), data);
  }
  return [...read.values()];
}

/** What a text holds, and whether more than is read may be in it: a key twice, or a brace after `MOST_OBJECTS`. */
interface Values {
  values: unknown[];
  unsure: boolean;
}

/**
 * Every object that stands in the text and not within another, unless it is quoted from what was asked about. A text
 * that is JSON as a whole is that one value, whatever marks its strings hold, and may be a list.
 */
function valuesIn(answer: string, untrusted: readonly string[]): Values {
  const whole = wholeOf(answer);
  if (whole) return whole;
  const text = afterThinking(withoutQuotations(answer, untrusted));
  const said = wholeOf(text);
  if (said) return said;
  const asked = bare(untrusted.join('\n'));
  const fenced = withoutFence(text);
  const list = asList(fenced);
  if (list) return { values: asked.includes(bare(fenced)) ? [] : [list], unsure: hasRepeatedKeys(fenced) };
  const values: unknown[] = [];
  let unsure = false;
  let from = 0;
  for (let tried = 0; tried < MOST_OBJECTS; tried++) {
    const start = text.indexOf('{', from);
    if (start < 0) return { values, unsure };
    const end = endOf(text, start);
    const written = text.slice(start, end);
    const value = end === undefined ? undefined : parse(written, tolerant);
    if (value !== undefined && !asked.includes(bare(written))) {
      values.push(value);
      unsure ||= hasRepeatedKeys(written);
    }
    // A brace that opens no object may stand before one.
    from = value === undefined ? start + 1 : end!;
  }
  return { values, unsure: unsure || text.includes('{', from) };
}

/** Of a text that is JSON as a whole, the object or list; some servers write that as a text once more. */
function wholeOf(text: string): Values | undefined {
  const value = parse(text.trim(), JSON.parse);
  const [written, inner] = typeof value === 'string' ? [value, parse(value, JSON.parse)] : [text, value];
  const found = typeof inner === 'object' && inner !== null ? inner : asList(written);
  return found && { values: [found], unsure: hasRepeatedKeys(written) };
}

/** A whole list as Python writes it. */
function asList(text: string): object | undefined {
  const list = text.trim();
  if (!list.startsWith('[') || endOf(list, 0) !== list.length) return undefined;
  return parse(list, tolerant) as object | undefined;
}

/** What one code fence holds, where nothing stands around it. */
function withoutFence(text: string): string {
  return /^\s*(`{3,9}|~{3,9})[\w-]*\s(.*)\1\s*$/s.exec(text)?.[2] ?? text;
}

/** Where the object or list ends that begins at a brace or bracket: those in strings do not count. */
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
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
    if (character.trim() !== '') last = character;
  }
  return undefined;
}

/** JSON5 with Python's three words. A string without an end goes on to the end of the text: each is read once. */
function tolerant(text: string): unknown {
  const words: Record<string, string> = { True: 'true', False: 'false', None: 'null' };
  return JSON5.parse(
    text.replace(/"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\b(?:True|False|None)\b/gs, (found) => words[found] ?? found),
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
