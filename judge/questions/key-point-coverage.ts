import { z } from 'zod';
import { readJson } from '../client/read-answer.ts';
import { readPrompt } from './prompt.ts';
import type { Question } from './question.ts';

const Answer = z.strictObject({
  keyPoints: z.array(z.strictObject({ index: z.int(), mentioned: z.boolean() })),
});

const shapes = new Map<number, z.ZodType>();

/** `Answer` of exactly so many items: structured output holds even a weak model to the count. */
function answerShape(count: number): z.ZodType {
  const shape = shapes.get(count) ?? z.strictObject({ keyPoints: Answer.shape.keyPoints.length(count) });
  shapes.set(count, shape);
  return shape;
}

const KEY_POINT_COVERAGE = readPrompt('key-point-coverage.v1');

/**
 * Which of these key points does `description` mention correctly? One answer each, in their order: AVoCaDO's
 * `Judge(S, k)` for every k, in one call for the whole list.
 */
export function keyPointCoverage(description: string, keyPoints: readonly string[]): Question<boolean[]> {
  return {
    prompt: KEY_POINT_COVERAGE,
    data: { description, keyPoints: keyPoints.map((keyPoint, i) => ({ index: i + 1, keyPoint })) },
    shape: answerShape(keyPoints.length),
    read(text) {
      const read = readJson(text, Answer, [description, ...keyPoints]);
      if ('fault' in read) return read;
      const byIndex = new Map(read.answer.keyPoints.map(({ index, mentioned }) => [index, mentioned]));
      const mentioned = keyPoints.map((_, i) => byIndex.get(i + 1));
      if (read.answer.keyPoints.length !== keyPoints.length || mentioned.includes(undefined))
        return { fault: `it must have exactly one item for each index from 1 to ${keyPoints.length}` };
      return { answer: mentioned as boolean[] };
    },
  };
}
