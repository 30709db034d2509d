import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { VideocapError } from '../../core/errors.ts';
import { Thought } from '../../core/sample.ts';

const text = z.string().trim().min(1);

/** A line of a user's own dataset file. `video` is relative to the file's folder, or absolute. */
export const OwnSample = z.strictObject({
  id: text.optional(),
  video: text,
  caption: text,
  thought: Thought.optional(),
  events: z.array(text).min(1).optional(),
});
export type OwnSample = z.infer<typeof OwnSample>;

export type JsonlLine = { line: number } & ({ sample: OwnSample } | { problem: string });

/** Characters; a line is a sample's texts, never its video. */
const MAX_LINE = 1 << 20;

/**
 * The samples of a JSONL file, one a line, read in pieces. Line numbers count from 1; empty lines, a byte order mark and
 * Windows line ends are fine. A line that is no sample comes with its problem, for the caller to decide about.
 * @throws VideocapError `InvalidDataset` when the file as a whole cannot be read.
 */
export async function* readJsonl(path: string): AsyncGenerator<JsonlLine> {
  let line = 0;
  for await (const raw of linesOf(path)) {
    line += 1;
    if (raw.length > MAX_LINE) yield { line, problem: `it is longer than ${MAX_LINE} characters` };
    else if (raw.trim() !== '') yield { line, ...parseLine(raw) };
  }
}

function parseLine(raw: string): { sample: OwnSample } | { problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch (error) {
    return { problem: `it is no JSON (${(error as Error).message})` };
  }
  const parsed = OwnSample.safeParse(json);
  return parsed.success ? { sample: parsed.data } : { problem: parsed.error.issues.map(issueText).join(', ') };
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `unknown ${issue.keys.map((key) => `"${key}"`).join(', ')} (allowed: ${Object.keys(OwnSample.shape).join(', ')})`;
  const field = issue.path.length > 0 ? `"${issue.path.join('.')}": ` : '';
  return `${field}${issue.message}`;
}

/** Splits at line feeds. What exceeds the limit within one line is thrown away, so that no file can fill the memory. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let line = 1;
  try {
    for await (const chunk of createReadStream(path)) {
      const pieces = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
      rest = pieces.pop()!.slice(0, MAX_LINE + 1);
      line += pieces.length;
      yield* pieces;
    }
    rest += decoder.decode();
  } catch (error) {
    throw readError(error as NodeJS.ErrnoException, path, line);
  }
  if (rest !== '') yield rest;
}

function readError(error: NodeJS.ErrnoException, path: string, line: number): unknown {
  const because = { cause: error };
  if (error.code === 'ENOENT')
    return new VideocapError(
      'InvalidDataset',
      `Dataset file ${path} does not exist; check the path in dataset.`,
      because,
    );
  if (error.code === 'EISDIR')
    return new VideocapError('InvalidDataset', `Dataset file ${path} is a folder; name the JSONL file in it.`, because);
  if (error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return new VideocapError(
      'InvalidDataset',
      `Dataset file ${path} is not UTF-8 from about line ${line} on; save it as UTF-8.`,
      because,
    );
  return error;
}
