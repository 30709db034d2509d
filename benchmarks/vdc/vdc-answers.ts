import { z } from 'zod';
import { settled } from '../../core/settled.ts';
import type { LlmClient } from '../../judge/client/llm-client.ts';
import type { Outcome, Unknown } from '../../judge/questions/question.ts';
import { vdcAnswer, vdcMatch } from './vdc-judge-questions.ts';
import type { VdcQuestion } from './vdc-questions.ts';

/**
 * A question, what its answer should be, what the judge answered from the caption alone, and how well the two match.
 */
export const VdcAnswer = z.strictObject({
  question: z.string(),
  answer: z.string(),
  predicted: z.string(),
  correct: z.boolean(),
  /** 0-5, unless answers are taken as they are given. */
  score: z.number(),
});
export type VdcAnswer = z.infer<typeof VdcAnswer>;

interface AskingHow {
  /** The judge's answers are taken as they are: of any length, with any score. */
  asGiven?: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * VDC's protocol for one caption: the judge answers every question from the caption alone, and is then shown question,
 * correct answer and that answer. One question that gets no answer leaves the caption without a score, as in the
 * authors' code.
 */
export async function answerVdc(
  client: LlmClient,
  caption: string,
  questions: readonly VdcQuestion[],
  { asGiven = false, signal }: AskingHow = {},
): Promise<Outcome<VdcAnswer[]>> {
  const answers = await settled(questions.map((question) => answerOne(client, caption, question, { asGiven, signal })));
  return (answers.find((answer) => !isAnswer(answer)) as Unknown | undefined) ?? { answer: answers.filter(isAnswer) };
}

async function answerOne(
  client: LlmClient,
  caption: string,
  { question, answer }: VdcQuestion,
  { asGiven = false, signal }: AskingHow,
): Promise<VdcAnswer | Unknown> {
  const predicted = await client.ask(vdcAnswer(caption, question, { asGiven }), signal);
  if (!('answer' in predicted)) return predicted;
  const match = await client.ask(vdcMatch(question, answer, predicted.answer, { asGiven }), signal);
  if (!('answer' in match)) return match;
  const { correct, score } = match.answer;
  return { question, answer, predicted: predicted.answer, correct, score };
}

function isAnswer(answer: VdcAnswer | Unknown): answer is VdcAnswer {
  return 'predicted' in answer;
}
