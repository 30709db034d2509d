import { z } from 'zod';
import { KeyPoint, KeyPoints } from '../../core/sample.ts';
import { readJson } from '../client/read-answer.ts';
import { readPrompt } from './prompt.ts';
import type { Question } from './question.ts';

const Answer = z.strictObject({ keyPoints: z.array(z.string()) });

const KEY_POINT_EXTRACTION = readPrompt('key-point-extraction.v1');

/** What must a complete description of the video mention, by `caption`? A sample's `keyPoints`, each once. */
export function keyPointExtraction(caption: string): Question<{ keyPoints: string[] }> {
  return {
    prompt: KEY_POINT_EXTRACTION,
    data: { caption },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, [caption]);
      if ('fault' in read) return read;
      const listed = [...new Set(read.answer.keyPoints.map((point) => point.trim()).filter((point) => point !== ''))];
      if (listed.some((point) => !KeyPoint.safeParse(point).success))
        return { fault: 'every key point must be one short sentence' };
      const checked = KeyPoints.safeParse(listed);
      return checked.success
        ? { answer: { keyPoints: checked.data } }
        : { fault: 'it must have at least one key point, and at most 50' };
    },
  };
}
