import { z } from 'zod';
import { jsonFault } from '../core/json-fault.ts';
import { PromptText } from '../core/prompt.ts';
import { ChoiceQuestion, ChoiceQuestions, KeyPoints, SubjectAnalysis, Thought } from '../core/sample.ts';
import { linesOf } from './lines.ts';

/** Characters of a caption, and of a thought as JSON: more than any model here reads or writes. */
const MAX_TEXT = 20_000;
const MAX_NAME = 1000;

const text = z.string().trim().min(1).max(MAX_TEXT);
const name = text.max(MAX_NAME);

/** A line of a user's own dataset file. `video` is relative to the file's folder, or absolute. */
export const OwnSample = z.strictObject({
  id: name.optional(),
  video: name,
  caption: text,
  thought: Thought.optional(),
  events: z.array(text).min(1).max(200).optional(),
  questions: ChoiceQuestions.optional(),
  keyPoints: KeyPoints.optional(),
  /** What the policy is asked about this video, in place of the config's `prompt.texts`. */
  prompt: PromptText.optional(),
});
export type OwnSample = z.infer<typeof OwnSample>;

export type JsonlLine = { line: number } & ({ sample: OwnSample } | { problem: string });

/** Bytes; a line is a sample's texts, never its video. */
const MAX_LINE = 2 ** 20;
/** The most problems that the reason of one line lists. */
const MAX_PROBLEMS = 3;
/** Characters. */
const MAX_SHOWN = 40;

/**
 * The samples of a JSONL file, one a line, read in pieces. Line numbers count from 1; empty lines, a byte order mark
 * and Windows line ends are fine. A line that is no sample comes with its problem, for the caller to decide about.
 * @throws VideocapError `InvalidDataset` when the file as a whole cannot be read.
 */
export async function* readJsonl(path: string): AsyncGenerator<JsonlLine> {
  let line = 0;
  for await (const raw of linesOf(path, MAX_LINE)) {
    line += 1;
    if (raw === undefined) yield { line, problem: `it is longer than ${MAX_LINE} bytes; a line holds one sample` };
    else {
      const parsed = parseLine(raw);
      if (parsed) yield { line, ...parsed };
    }
  }
}

/** What a line of a JSONL file says; `undefined` for an empty one. Never throws. */
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
  const parsed = OwnSample.safeParse(json);
  if (!parsed.success) return { problem: problemOf(parsed.error.issues, json) };
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
    const keys = issue.keys.slice(0, MAX_PROBLEMS).map((key) => `"${shown(key)}"`);
    const where = issue.path.length > 0 ? ` in "${issue.path.join('.')}"` : '';
    const { shape } = OBJECTS[String(issue.path[0])] ?? OwnSample;
    return `unknown ${keys.join(', ')}${where} (allowed: ${Object.keys(shape).join(', ')})`;
  }
  if (issue.path.length === 0) return 'it is no object such as {"video": "clip.mp4", "caption": "..."}';
  const field = `"${issue.path.join('.')}"`;
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], json);
  if (value === undefined) return `${field} is missing`;
  if (issue.code === 'too_small')
    return Number(issue.minimum) > 1 ? `${field} has fewer than ${issue.minimum} entries` : `${field} is empty`;
  if (issue.code === 'too_big')
    return `${field} is longer than ${issue.maximum} ${issue.origin === 'array' ? 'entries' : 'characters'}`;
  if (issue.code === 'custom') return `${field} is ${shown(JSON.stringify(value))}; ${issue.message}`;
  const wanted = issue.code === 'invalid_type' ? (WANTED[issue.expected] ?? issue.expected) : issue.message;
  return `${field} is ${shown(JSON.stringify(value))}, not ${wanted}`;
}

/** The objects that stand in a list of a sample, by the list's field. */
const OBJECTS: Record<string, { shape: object }> = { thought: SubjectAnalysis, questions: ChoiceQuestion };

const WANTED: Record<string, string> = { string: 'a text', array: 'a list', object: 'an object' };

function shown(text: string, length = MAX_SHOWN): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`;
}
