import { z } from 'zod';
import { readJson } from '../client/read-answer.ts';
import { type Prompt, readPrompt } from './prompt.ts';
import type { ParsedAnswer, Question } from './question.ts';

const Answer = z.strictObject({ events: z.array(z.string()) });

/** Longest event and longest list that an answer may have: beyond these it is not a list of events. */
const LONGEST_EVENT = 300;
const MOST_EVENTS = 50;

export const EVENT_EXTRACTION = readPrompt('event-extraction.v1');

/** AutoDQ's limits, in the published benchmarks: at most 10 events of at most 10 words. */
export const KEY_EVENT_EXTRACTION = readPrompt('key-event-extraction.v1');

/** Which events does `description` have? Short sentences, each once. */
export function eventExtraction(description: string): Question<string[]> {
  return extraction(EVENT_EXTRACTION, description);
}

/**
 * Which are the key events of `description`, as AutoDQ asks for them? A list of more than ten is kept whole, as the
 * authors do. `keep` says what is kept of it.
 */
export function keyEventExtraction(description: string, keep: ReadUnits = readUnits): Question<string[]> {
  return extraction(KEY_EVENT_EXTRACTION, description, keep);
}

function extraction(prompt: Prompt, description: string, keep: ReadUnits = readUnits): Question<string[]> {
  return {
    prompt,
    data: { description },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, [description]);
      return 'fault' in read ? read : keep(read.answer.events, 'events');
    },
  };
}

/** What is kept of a list that a model wrote. `what` names its members, for the fault. */
export type ReadUnits = (listed: readonly string[], what: string) => ParsedAnswer<string[]>;

/** What a model listed, without blanks and repetitions; a list that is out of all proportion is none. */
export function readUnits(listed: readonly string[], what: string): ParsedAnswer<string[]> {
  const units = [...new Set(listed.map((unit) => unit.trim()).filter((unit) => unit !== ''))];
  if (units.length > MOST_EVENTS || units.some((unit) => unit.length > LONGEST_EVENT))
    return { fault: `it must have at most ${MOST_EVENTS} short ${what}` };
  return { answer: units };
}

/** What a model listed, all of it: repetitions and blanks count, of any number and length (AutoDQ's authors). */
export const unitsAsListed: ReadUnits = (listed) => ({ answer: [...listed] });
