import { z } from 'zod';
import { readJson } from '../client/read-answer.ts';
import { readPrompt } from './prompts.ts';
import type { Question } from './question.ts';

/** The authors ask for a whole number, and take any. */
const Answer = z.strictObject({ pred: z.enum(['yes', 'no']), score: z.number().min(0).max(5) });

/** Whether a predicted answer means the same as the correct one, and how well it matches, 0-5. */
export interface VdcMatchAnswer {
  correct: boolean;
  score: number;
}

export const VDC_MATCH = readPrompt('vdc-match.v1');

/** Does `predictedAnswer` say the same as `correctAnswer`? (VDCscore's second step.) */
export function vdcMatch(question: string, correctAnswer: string, predictedAnswer: string): Question<VdcMatchAnswer> {
  return {
    prompt: VDC_MATCH,
    data: { question, correctAnswer, predictedAnswer },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, [question, correctAnswer, predictedAnswer]);
      if ('fault' in read) return read;
      return { answer: { correct: read.answer.pred === 'yes', score: read.answer.score } };
    },
  };
}
