import { z } from 'zod';
import { Thought } from '../../core/sample.ts';
import { readJson } from '../client/read-answer.ts';
import { readPrompt } from './prompt.ts';
import type { Question } from './question.ts';

const Answer = z.strictObject({ thought: Thought, events: z.array(z.string()) });
export type AnnotationAnswer = z.infer<typeof Answer>;

/** Beyond these an answer is not an annotation of one caption. */
const LONGEST_TEXT = 300;
const MOST_ITEMS = 50;

const ANNOTATION = readPrompt('annotation.v1');

/**
 * Which subjects does `caption` name, with which attributes and actions, and which events? A sample's `thought` and
 * `events`.
 */
export function annotation(caption: string): Question<AnnotationAnswer> {
  return {
    prompt: ANNOTATION,
    data: { caption },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, [caption]);
      if ('fault' in read) return read;
      const thought = read.answer.thought.map(({ subject, attributes, actions }) => ({
        subject: subject.trim(),
        attributes: tidy(attributes),
        actions: tidy(actions),
      }));
      const events = tidy(read.answer.events);
      const lists = [thought, events, ...thought.flatMap(({ attributes, actions }) => [attributes, actions])];
      const texts = [...events, ...thought.flatMap((one) => Object.values(one).flat())];
      if (lists.some(({ length }) => length > MOST_ITEMS) || texts.some(({ length }) => length > LONGEST_TEXT))
        return { fault: `its lists must have at most ${MOST_ITEMS} short items` };
      if (thought.some(({ subject }) => subject === '')) return { fault: 'every subject must have a name' };
      return { answer: { thought, events } };
    },
  };
}

/** Each item once, without the empty ones. */
function tidy(items: readonly string[]): string[] {
  return [...new Set(items.map((item) => item.trim()).filter((item) => item !== ''))];
}
