import { z } from 'zod';
import { readJson } from '../client/read-answer.ts';
import { readPrompt } from './prompts.ts';
import type { Question } from './question.ts';

const Answer = z.strictObject({ answer: z.string() });

/** Characters. The authors cut at 256 tokens; beyond this an answer is not a short one. */
const LONGEST_ANSWER = 1000;

export const VDC_ANSWER = readPrompt('vdc-answer.v1');

/** What does `caption`, and it alone, answer to a question about the video? A short phrase (VDCscore's first step). */
export function vdcAnswer(caption: string, question: string): Question<string> {
  return {
    prompt: VDC_ANSWER,
    data: { description: caption, question },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, [caption, question]);
      if ('fault' in read) return read;
      const answer = read.answer.answer.trim();
      if (answer.length > LONGEST_ANSWER) return { fault: 'the answer must be a short phrase' };
      return { answer };
    },
  };
}
