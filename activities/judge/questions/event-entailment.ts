import { z } from 'zod';
import { readPrompt } from '../prompts.ts';
import type { Question } from '../question.ts';
import { readJson } from '../read-answer.ts';

/**
 * What a caption says of one event, in AutoDQ's three classes. Only `entailment` ever counts as told; the other two are kept
 * apart for people who look at a score.
 */
export const Verdict = z.enum(['entailment', 'neutral', 'contradiction']);
export type Verdict = z.infer<typeof Verdict>;

const Answer = z.strictObject({
  verdicts: z.array(z.strictObject({ index: z.int(), relationship: Verdict })),
});

export const EVENT_ENTAILMENT = readPrompt('event-entailment.v1');

/** Does `description` tell these events? One verdict each, in the events' order (AutoDQ, one call for the whole list). */
export function eventEntailment(description: string, events: readonly string[]): Question<Verdict[]> {
  return {
    prompt: EVENT_ENTAILMENT,
    data: { description, events: events.map((event, i) => ({ index: i + 1, event })) },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer);
      if ('fault' in read) return read;
      const byIndex = new Map(read.answer.verdicts.map(({ index, relationship }) => [index, relationship]));
      const verdicts = events.map((_, i) => byIndex.get(i + 1));
      if (read.answer.verdicts.length !== events.length || verdicts.includes(undefined))
        return { fault: `it must have exactly one verdict for each index from 1 to ${events.length}` };
      return { answer: verdicts as Verdict[] };
    },
  };
}
