import { z } from 'zod';
import { readJson } from '../client/read-answer.ts';
import { Verdict } from '../verdict.ts';
import { readPrompt } from './prompt.ts';
import type { ParsedAnswer, Question } from './question.ts';

/** The verdicts on a numbered list. */
export const Verdicts = z.strictObject({
  verdicts: z.array(z.strictObject({ index: z.int(), relationship: Verdict })),
});

const shapes = new Map<number, z.ZodType>();

/** `Verdicts` of exactly so many items: structured output holds even a weak model to the count. */
export function verdictsShape(count: number): z.ZodType {
  const shape = shapes.get(count) ?? z.strictObject({ verdicts: Verdicts.shape.verdicts.length(count) });
  shapes.set(count, shape);
  return shape;
}

export const EVENT_ENTAILMENT = readPrompt('event-entailment.v1');

/**
 * Does `description` entail these events? One verdict each, in the events' order (AutoDQ, one call for the whole list).
 */
export function eventEntailment(description: string, events: readonly string[]): Question<Verdict[]> {
  return {
    prompt: EVENT_ENTAILMENT,
    data: { description, events: events.map((event, i) => ({ index: i + 1, event })) },
    shape: verdictsShape(events.length),
    read: (text) => readVerdicts(text, events.length, [description, ...events]),
  };
}

/**
 * One verdict for each index from 1 to `count`, in that order, whatever order the answer has; none that `untrusted`
 * texts hold.
 */
export function readVerdicts(text: string, count: number, untrusted: readonly string[] = []): ParsedAnswer<Verdict[]> {
  const read = readJson(text, Verdicts, untrusted);
  if ('fault' in read) return read;
  const byIndex = new Map(read.answer.verdicts.map(({ index, relationship }) => [index, relationship]));
  const verdicts = Array.from({ length: count }, (_, i) => byIndex.get(i + 1));
  if (read.answer.verdicts.length !== count || verdicts.includes(undefined))
    return { fault: `it must have exactly one verdict for each index from 1 to ${count}` };
  return { answer: verdicts as Verdict[] };
}
