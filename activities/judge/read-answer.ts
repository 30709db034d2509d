import { z } from 'zod';
import { Verdict } from './judge.ts';

/** The answer that `prompts/event-entailment` asks for. Flat, all fields required: what strict structured output takes. */
export const EntailmentAnswer = z.strictObject({
  verdicts: z.array(z.strictObject({ index: z.int(), relationship: Verdict })),
});

/** The answer that `prompts/event-extraction` asks for. */
export const ExtractionAnswer = z.strictObject({ events: z.array(z.string()) });

/** A reading of an answer, or what is wrong with it, in words that the judge may be shown. */
export type Reading<T> = { answer: T } | { fault: string };

/** Exactly one verdict for each of `count` events, put in the events' order. */
export function readVerdicts(text: string, count: number): Reading<Verdict[]> {
  const read = readJson(text, EntailmentAnswer);
  if ('fault' in read) return read;
  const byIndex = new Map(read.answer.verdicts.map(({ index, relationship }) => [index, relationship]));
  const verdicts = Array.from({ length: count }, (_, i) => byIndex.get(i + 1));
  if (read.answer.verdicts.length !== count || verdicts.includes(undefined))
    return { fault: `it must have exactly one verdict for each index from 1 to ${count}` };
  return { answer: verdicts as Verdict[] };
}

/** Longest event and longest list that an answer may have: beyond these it is not a list of events. */
const LONGEST_EVENT = 300;
const MOST_EVENTS = 50;

export function readEvents(text: string): Reading<string[]> {
  const read = readJson(text, ExtractionAnswer);
  if ('fault' in read) return read;
  const events = [...new Set(read.answer.events.map((event) => event.trim()).filter((event) => event !== ''))];
  if (events.length > MOST_EVENTS || events.some((event) => event.length > LONGEST_EVENT))
    return { fault: `it must have at most ${MOST_EVENTS} short events` };
  return { answer: events };
}

/** Servers without structured output wrap JSON in prose or code fences: what stands between the outermost braces counts. */
function readJson<S extends z.ZodType>(text: string, schema: S): Reading<z.infer<S>> {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end < start) return { fault: 'it must be one JSON object' };
  try {
    const read = schema.safeParse(JSON.parse(text.slice(start, end + 1)));
    return read.success ? { answer: read.data } : { fault: 'it must have exactly the fields that were asked for' };
  } catch {
    return { fault: 'it must be valid JSON' };
  }
}
