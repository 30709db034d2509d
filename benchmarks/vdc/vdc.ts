import { z } from 'zod';
import { JUDGE_EMPTY } from '../suites/quirks.ts';
import type { Column, Suite } from '../suites/suite.ts';
import { answerVdc, VdcAnswer } from './vdc-answers.ts';
import { VDC_CAPTIONING } from './vdc-captioning.ts';
import { readVdcItems, VdcItem } from './vdc-item.ts';
import { VDC_ANSWER, VDC_MATCH } from './vdc-judge-questions.ts';
import { isVdcTask, vdcIdInTask, vdcPredictions } from './vdc-predictions.ts';
import { VDC_PUBLISHED } from './vdc-published.ts';
import { VDC_ASPECTS } from './vdc-questions.ts';
import { NO_VDC_CAPTION, vdcClipScore } from './vdc-score.ts';
import { ASPECT_NAMES, vdcSummary } from './vdc-summary.ts';

/** One caption under one aspect, with every answer it was scored by; none where there is no caption. */
const VdcItemScore = z.strictObject({ accuracy: z.number(), score: z.number(), answers: z.array(VdcAnswer) });
type VdcItemScore = z.infer<typeof VdcItemScore>;

const DROP_ZEROS = 'dropZeros';
const ANSWERS_AS_GIVEN = 'answersAsGiven';

/** VDCscore: does a caption hold the answers to questions about its video? Five aspects, scored apart. */
export const vdc: Suite<VdcItem, VdcItemScore> = {
  name: 'vdc',
  title: 'VDC (VDCscore)',
  source: 'AuroraCap, ICLR 2025, arXiv 2410.03051; rese1f/aurora, post_eval/process_vdc_result.py',
  item: VdcItem,
  score: VdcItemScore,
  prompts: [VDC_ANSWER, VDC_MATCH],
  quirks: {
    [DROP_ZEROS]:
      'captions with accuracy 0 or score 0 are left out of the means, as in process_vdc_result.py, which flatters',
    [JUDGE_EMPTY]: 'the questions are asked about an empty caption like about any other (default: it scores 0)',
    [ANSWERS_AS_GIVEN]:
      "the judge's answers, verdicts and marks count as they are (default: an answer loses the spaces around it; one " +
      'of more than 1,000 characters, a verdict other than yes and no, or a mark outside 0-5 is asked for again)',
  },
  columns: [
    { metric: 'accuracy', label: 'Accuracy' },
    { metric: 'score', label: 'Score (0-5)', digits: 2 },
    ...VDC_ASPECTS.flatMap((aspect): Column[] => {
      const { metric, label } = ASPECT_NAMES[aspect];
      return [
        { metric: `${metric}Accuracy`, label },
        { metric: `${metric}Score`, label: `${label} (0-5)`, digits: 2 },
      ];
    }),
  ],
  published: VDC_PUBLISHED,
  groups: {
    title: 'Aspect',
    of: ({ aspect }) => ASPECT_NAMES[aspect].label,
    all: VDC_ASPECTS.map((aspect) => ASPECT_NAMES[aspect].label),
  },
  readAnnotations: readVdcItems,
  captioning: VDC_CAPTIONING,
  instruction: ({ instruction }) => instruction,
  readPredictions: vdcPredictions,
  repeatedPrediction: 'first',
  idInTask: vdcIdInTask,
  isTask: isVdcTask,
  async scoreItem(client, { questions }, caption, { quirks, signal }) {
    const asGiven = quirks.has(ANSWERS_AS_GIVEN);
    const answers = await answerVdc(client, caption, questions, { asGiven, signal });
    if (!('answer' in answers)) return answers;
    return { answer: { ...(vdcClipScore(answers.answer) ?? NO_VDC_CAPTION), answers: answers.answer } };
  },
  noCaption: () => ({ ...NO_VDC_CAPTION, answers: [] }),
  summarise: (scored, quirks, measure) => vdcSummary(scored, { dropZeros: quirks.has(DROP_ZEROS) }, measure),
  describe: ({ aspect, instruction, questions }, { accuracy, score, answers }) => [
    `${ASPECT_NAMES[aspect].label}: ${(100 * accuracy).toFixed(1)} of 100 right, match ${score.toFixed(2)} of 5`,
    `The authors ask for: ${instruction}`,
    ...answers.map(
      (given) =>
        `- ${given.correct ? 'right' : 'wrong'} (${given.score}/5): ${given.question} **${given.predicted}**; ` +
        `correct: ${given.answer}`,
    ),
    ...(answers.length === 0
      ? questions.map(({ question, answer }) => `- not asked: ${question}; correct: ${answer}`)
      : []),
  ],
};
