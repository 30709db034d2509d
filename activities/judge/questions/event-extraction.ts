import { z } from 'zod';
import { readPrompt } from '../prompts.ts';
import type { Question } from '../question.ts';
import { readJson } from '../read-answer.ts';

const Answer = z.strictObject({ events: z.array(z.string()) });

/** Longest event and longest list that an answer may have: beyond these it is not a list of events. */
const LONGEST_EVENT = 300;
const MOST_EVENTS = 50;

export const EVENT_EXTRACTION = readPrompt('event-extraction.v1');

/** Which events does `description` tell? Short sentences, each once. */
export function eventExtraction(description: string): Question<string[]> {
  return {
    prompt: EVENT_EXTRACTION,
    data: { description },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, description);
      if ('fault' in read) return read;
      const events = [...new Set(read.answer.events.map((event) => event.trim()).filter((event) => event !== ''))];
      if (events.length > MOST_EVENTS || events.some((event) => event.length > LONGEST_EVENT))
        return { fault: `it must have at most ${MOST_EVENTS} short events` };
      return { answer: events };
    },
  };
}
