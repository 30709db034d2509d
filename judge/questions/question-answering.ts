import { z } from 'zod';
import { CANNOT_BE_ANSWERED } from '../../core/sample.ts';
import { readJson } from '../client/read-answer.ts';
import { readPrompt } from './prompt.ts';
import type { Question } from './question.ts';

const Answer = z.strictObject({ chosenOption: z.int() });

const shapes = new Map<number, z.ZodType>();

/** `Answer` with one of so many options: structured output holds even a weak model to them. */
function answerShape(count: number): z.ZodType {
  const shape = shapes.get(count) ?? z.strictObject({ chosenOption: z.int().min(1).max(count) });
  shapes.set(count, shape);
  return shape;
}

const QUESTION_ANSWERING = readPrompt('question-answering.v1');

/**
 * Which of `options` is right, by `description` alone? Gives an index into `options`, or `null` where the description
 * does not say. After CapRL's reward, which puts the question to a language model that sees no video.
 */
export function questionAnswering(
  description: string,
  question: string,
  options: readonly string[],
): Question<number | null> {
  const offered = [...options, CANNOT_BE_ANSWERED];
  return {
    prompt: QUESTION_ANSWERING,
    data: { description, question, options: offered.map((option, i) => ({ index: i + 1, option })) },
    shape: answerShape(offered.length),
    read(text) {
      const read = readJson(text, Answer, [description, question, ...options]);
      if ('fault' in read) return read;
      const { chosenOption } = read.answer;
      if (chosenOption < 1 || chosenOption > offered.length)
        return { fault: `it must have an option from 1 to ${offered.length}` };
      return { answer: chosenOption === offered.length ? null : chosenOption - 1 };
    },
  };
}
