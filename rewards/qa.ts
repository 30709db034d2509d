import { z } from 'zod';
import { Score, unscorable, value } from '../core/score.ts';
import { settled } from '../core/settled.ts';
import { mean } from '../core/statistics.ts';
import type { Unknown } from '../judge/questions/question.ts';
import { type JudgedComponent, type JudgedTools, Weight } from './component.ts';
import { drawExam, type ExamQuestion } from './qa/exam.ts';

export const QaConfig = z.strictObject({
  weight: Weight,
  /** Questions that each completion is asked, each a call of the judge. CapRL's reward server asks 8 about videos. */
  draws: z.int().min(1).max(64).default(8),
});
export type QaConfig = z.infer<typeof QaConfig>;

/** What led to the scores of one group. */
export const QaDetails = z.strictObject({
  sampleId: z.string(),
  /** What every completion was asked; `answer` is the index of the right option. */
  questions: z.array(z.strictObject({ question: z.string(), options: z.array(z.string()), answer: z.int() })),
  completions: z.array(
    z.strictObject({
      caption: z.string().optional(),
      score: Score,
      /** What the judge chose, by question: an index, or `null` where the caption does not say. */
      chosen: z.array(z.int().nullable()).optional(),
    }),
  ),
});
export type QaDetails = z.infer<typeof QaDetails>;

/**
 * How much a language model that sees no video learns from the caption: the share of multiple-choice questions about
 * the video that it answers correctly from the caption alone, in [0, 1] (CapRL, arXiv 2509.22647). A completion without
 * a caption is the policy's fault and worth 0, and the judge is not asked about it. One answer that cannot be used
 * leaves the completion without a score.
 */
export const qa: JudgedComponent<QaConfig> = {
  name: 'qa',
  config: QaConfig,
  range: [0, 1],
  colour: 'accent',
  scored: 'by the judge',
  needs: { field: 'questions', in: 'every sample' },
  details: QaDetails,
  async score({ sample, completions }, { draws }, tools) {
    const { questions } = sample;
    const { seed, path } = tools.random;
    const exam = questions ? drawExam(questions, draws, seed, [...path, 'qa', sample.id]) : [];
    const judged = await settled(
      completions.map(async ({ caption }) => {
        const result = questions ? await examine(caption, exam, tools) : { score: noQuestions(sample.id) };
        tools.onScored();
        return { ...(caption !== undefined && { caption }), ...result };
      }),
    );
    const details: QaDetails = { sampleId: sample.id, questions: exam, completions: judged };
    return { scores: judged.map(({ score }) => score), details };
  },
};

type Result = Pick<QaDetails['completions'][number], 'score' | 'chosen'>;

async function examine(
  caption: string | undefined,
  exam: readonly ExamQuestion[],
  { judge, signal }: JudgedTools,
): Promise<Result> {
  if (caption === undefined) return { score: value(0) };
  const outcomes = await settled(exam.map((question) => judge.answer(caption, question, signal)));
  const chosen: (number | null)[] = [];
  let unknown: Unknown | undefined;
  for (const outcome of outcomes)
    if ('answer' in outcome) chosen.push(outcome.answer);
    else unknown ??= outcome;
  if (unknown) return { score: unknown };
  return { score: value(mean(exam.map(({ answer }, i) => (chosen[i] === answer ? 1 : 0)))), chosen };
}

/** A fork may ask for this component when its data set has been chosen already. */
function noQuestions(sampleId: string): Score {
  return unscorable(`Sample ${sampleId} has no questions; add some to the dataset, or leave reward.qa out.`);
}
