import { z } from 'zod';
import { readJson } from '../../judge/client/read-answer.ts';
import { readPrompt } from '../../judge/questions/prompt.ts';
import type { Question } from '../../judge/questions/question.ts';

const PROMPTS = new URL('./prompts/', import.meta.url);

const ShortAnswer = z.strictObject({ answer: z.string() });

/** Characters. The authors' script cuts at 256 tokens and takes what it gets; beyond this an answer is not short. */
const LONGEST_ANSWER = 1000;

export const VDC_ANSWER = readPrompt('vdc-answer.v1', PROMPTS);

/**
 * What does `caption`, and it alone, answer to a question about the video? A short phrase (VDCscore's first step).
 * `asGiven`: an answer of any length, with the spaces around it.
 */
export function vdcAnswer(caption: string, question: string, { asGiven = false } = {}): Question<string> {
  return {
    prompt: VDC_ANSWER,
    data: { description: caption, question },
    shape: ShortAnswer,
    read(text) {
      const read = readJson(text, ShortAnswer, [caption, question]);
      if ('fault' in read) return read;
      if (asGiven) return { answer: read.answer.answer };
      const answer = read.answer.answer.trim();
      if (answer.length > LONGEST_ANSWER) return { fault: 'the answer must be a short phrase' };
      return { answer };
    },
  };
}

/** The authors ask for a whole number, and take any. */
const Match = z.strictObject({ pred: z.enum(['yes', 'no']), score: z.number().min(0).max(5) });

/** What the authors' script takes: only `yes` is right, and any number is a score. */
const AnyMatch = z.strictObject({ pred: z.string(), score: z.coerce.number() });

/** Whether a predicted answer means the same as the correct one, and how well it matches, 0-5. */
export interface VdcMatchAnswer {
  correct: boolean;
  score: number;
}

export const VDC_MATCH = readPrompt('vdc-match.v1', PROMPTS);

/**
 * Does `predictedAnswer` say the same as `correctAnswer`? (VDCscore's second step.) `asGiven`: verdicts other than
 * `yes` are `no`, and scores may lie outside 0-5.
 */
export function vdcMatch(
  question: string,
  correctAnswer: string,
  predictedAnswer: string,
  { asGiven = false } = {},
): Question<VdcMatchAnswer> {
  return {
    prompt: VDC_MATCH,
    data: { question, correctAnswer, predictedAnswer },
    shape: Match,
    read(text) {
      const read = readJson(text, asGiven ? AnyMatch : Match, [question, correctAnswer, predictedAnswer]);
      if ('fault' in read) return read;
      return { answer: { correct: read.answer.pred === 'yes', score: read.answer.score } };
    },
  };
}
