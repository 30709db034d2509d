import type { z } from 'zod';
import { clipped } from '../core/clipped.ts';
import { closest } from '../core/did-you-mean.ts';
import { jsonFault } from '../core/json-fault.ts';
import { ChoiceQuestion, SubjectAnalysis } from '../core/sample.ts';
import { entriesOf, isArray } from './entries.ts';
import { fieldsOf, LAYOUT_FIELDS } from './layouts.ts';
import { linesOf } from './lines.ts';
import { MAX_TEXT, OwnSample, OwnSampleFields } from './own-sample.ts';
import { LONGEST_SHOWN, shownValue } from './shown-value.ts';

/** `line` counts from 1: of a line, or of an entry where the file is a JSON array. */
export type JsonlLine = Place & ({ sample: OwnSample } | { problem: string });

/** Where in a dataset file a sample is. */
export interface Place {
  line: number;
  /** Present where the file is a JSON array. */
  unit?: 'entry';
}

/** `line 3`, or `entry 3` of a JSON array. */
export function placeText({ line, unit }: Place): string {
  return `${unit ?? 'line'} ${line}`;
}

/** Bytes; a line is a sample's texts, never its video. */
const MAX_LINE = 2 ** 20;
/** The most problems that the reason of one line lists. */
const MAX_PROBLEMS = 3;

/**
 * The samples of a dataset file, read in pieces: of a JSONL file one a line, of a JSON array one an entry; each in the
 * project's own fields or in a layout that other trainers have (`layouts.ts`). Empty lines, a byte order mark and
 * Windows line ends are fine. What is no sample comes with its problem, for the caller to decide about.
 * @throws VideocapError `InvalidDataset` when the file as a whole cannot be read; the signal's reason.
 */
export async function* readJsonl(path: string, signal?: AbortSignal): AsyncGenerator<JsonlLine> {
  const array = await isArray(path, signal);
  let line = 0;
  for await (const raw of array ? entriesOf(path, MAX_LINE, signal) : linesOf(path, MAX_LINE, signal)) {
    line += 1;
    const place: Place = { line, ...(array && { unit: 'entry' }) };
    if (raw === undefined) yield { ...place, problem: `it is longer than ${MAX_LINE} bytes; a line holds one sample` };
    else if ('problem' in raw) yield { ...place, ...raw };
    else {
      const parsed = parseLine('raw' in raw ? raw.raw : raw);
      if (parsed) yield { ...place, ...parsed };
    }
  }
}

/** The sample of a line, or its problem; `undefined` for an empty line. Never throws. */
function parseLine(raw: Uint8Array): { sample: OwnSample } | { problem: string } | undefined {
  let json: unknown;
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
    if (decoded.trim() === '') return undefined;
    json = JSON.parse(decoded);
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `it ${jsonFault(error)}` };
    return { problem: 'it is not UTF-8; save the file as UTF-8' };
  }
  const read = fieldsOf(json);
  if ('problem' in read) return read;
  const parsed = OwnSample.safeParse(read.fields);
  if (!parsed.success) return { problem: problemOf(parsed.error.issues, read.fields) };
  if (JSON.stringify(parsed.data.thought ?? []).length > MAX_TEXT)
    return { problem: `"thought" is longer than ${MAX_TEXT} characters; shorten it` };
  if (textsOf(parsed.data).some((one) => /\p{Surrogate}/u.test(one)))
    return { problem: 'it holds half of a character (a lone surrogate such as \\ud83d); write the text again' };
  return { sample: parsed.data };
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function problemOf(issues: readonly z.core.$ZodIssue[], json: unknown): string {
  const listed = issues.slice(0, MAX_PROBLEMS).map((issue) => issueText(issue, json));
  return [...listed, ...(issues.length > listed.length ? [`${issues.length - listed.length} more`] : [])].join(', ');
}

function issueText(issue: z.core.$ZodIssue, json: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const allowed = Object.keys((OBJECTS[String(issue.path[0])] ?? OwnSampleFields).shape);
    const known = issue.path.length > 0 ? allowed : [...allowed, ...LAYOUT_FIELDS];
    const keys = issue.keys.slice(0, MAX_PROBLEMS).map((key) => unknownKey(key, known));
    const where = issue.path.length > 0 ? ` in "${issue.path.join('.')}"` : '';
    return `unknown ${keys.join(', ')}${where} (allowed: ${allowed.join(', ')})`;
  }
  if (issue.path.length === 0) return 'it is no object such as {"video": "clip.mp4", "caption": "..."}';
  const field = `"${issue.path.join('.')}"`;
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], json);
  if (value === undefined) return `${field} is missing`;
  if ((issue.code === 'too_small' || issue.code === 'too_big') && issue.origin === 'number')
    return `${field} is ${shownValue(value)}; set a number ${rangeOf(issue)}`;
  if (issue.code === 'too_small')
    return Number(issue.minimum) > 1 ? `${field} has fewer than ${issue.minimum} entries` : `${field} is empty`;
  if (issue.code === 'too_big')
    return `${field} is longer than ${issue.maximum} ${issue.origin === 'array' ? 'entries' : 'characters'}`;
  if (issue.code === 'custom') return `${field} is ${shownValue(value)}; ${issue.message}`;
  const wanted = issue.code === 'invalid_type' ? (WANTED[issue.expected] ?? issue.expected) : issue.message;
  return `${field} is ${shownValue(value)}, not ${wanted}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = closest(key, known);
  return `"${clipped(key, LONGEST_SHOWN)}"${meant === undefined ? '' : `, did you mean "${meant}"?`}`;
}

function rangeOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  if (issue.code === 'too_small') return `${issue.inclusive ? 'of at least' : 'above'} ${issue.minimum}`;
  return `${issue.inclusive ? 'of at most' : 'below'} ${issue.maximum}`;
}

/** The objects that stand in a list of a sample, by the list's field. */
const OBJECTS: Record<string, { shape: object }> = { thought: SubjectAnalysis, questions: ChoiceQuestion };

const WANTED: Record<string, string> = { string: 'a text', number: 'a number', array: 'a list', object: 'an object' };
