import { z } from 'zod';
import { EVENT_ENTAILMENT } from '../../judge/questions/event-entailment.ts';
import { KEY_EVENT_EXTRACTION } from '../../judge/questions/event-extraction.ts';
import type { Outcome } from '../../judge/questions/question.ts';
import { CaptionReading } from '../../judge/read-caption.ts';
import type { Verdict } from '../../judge/verdict.ts';
import { type ClipScore, NO_CAPTION, recallAndPrecision } from '../autodq.ts';
import type { Measure } from '../bootstrap.ts';
import { compareUnits, keptUnits, keyEventQuestions } from '../compare-units.ts';
import { AUTODQ_QUIRKS } from '../suites/quirks.ts';
import type { ScoredItem, Suite, SuiteTable, Summary } from '../suites/suite.ts';
import { Dream1kItem, readDream1k } from './dream1k-annotations.ts';
import { DREAM1K_CAPTIONING, DREAM1K_INSTRUCTION } from './dream1k-captioning.ts';
import { dream1kPredictions } from './dream1k-predictions.ts';
import { DREAM1K_PUBLISHED } from './dream1k-published.ts';
import { bucketScores, categoryScores, type DREAM1K_BUCKETS, type Dream1kClip, overallScore } from './dream1k-score.ts';

/** AutoDQ of one caption, with what it was made from. */
const Dream1kScore = z.strictObject({
  recall: z.number(),
  precision: z.number(),
  /** The reference's events, as the verdicts go. */
  events: z.array(z.string()),
  /** Absent where there was no caption. */
  reading: CaptionReading.required().optional(),
});
type Dream1kScore = z.infer<typeof Dream1kScore>;

export const dream1k: Suite<Dream1kItem, Dream1kScore> = {
  name: 'dream1k',
  title: 'DREAM-1K (AutoDQ)',
  source: 'bytedance/tarsier, evaluation/metrics/evaluate_dream_gpt.py',
  item: Dream1kItem,
  score: Dream1kScore,
  prompts: [KEY_EVENT_EXTRACTION, EVENT_ENTAILMENT],
  quirks: AUTODQ_QUIRKS,
  columns: [
    { metric: 'f1', label: 'F1' },
    { metric: 'recall', label: 'Recall' },
    { metric: 'precision', label: 'Precision' },
  ],
  published: DREAM1K_PUBLISHED,
  groups: { title: 'Category', of: ({ category }) => category },

  captioning: DREAM1K_CAPTIONING,
  instruction: ({ instruction = DREAM1K_INSTRUCTION }) => instruction,

  readAnnotations: readDream1k,

  repeatedPrediction: 'first',
  readPredictions: dream1kPredictions,
  isTask: (task) => /(?<![a-z])dream(?![a-z])/i.test(task),

  async scoreItem(client, item, caption, { quirks, signal }): Promise<Outcome<Dream1kScore>> {
    const reference = { caption: item.reference, units: item.events };
    const compared = await compareUnits(keyEventQuestions(client, keptUnits(quirks), signal), caption, reference);
    if (!('answer' in compared)) return compared;
    const { recall, precision, reference: events, verdicts, claims, claimVerdicts } = compared.answer;
    return { answer: { recall, precision, events, reading: { verdicts, claims, claimVerdicts } } };
  },

  noCaption: ({ events = [] }) => ({ ...NO_CAPTION, events }),

  summarise: (scored, _, measure) => summarise(scored.map(clipOf), measure),

  describe(item, { recall, precision, events, reading }) {
    const lines = (texts: readonly string[], verdicts: readonly Verdict[] | undefined) =>
      texts.map((text, i) => `- ${verdicts?.[i] ?? 'not entailed'}: ${text}`);
    return [
      `Events: ${recallAndPrecision({ recall, precision })}.`,
      `Reference: ${item.reference}`,
      'Its events, in the caption:',
      ...lines(events, reading?.verdicts),
      "The caption's events, in the reference:",
      ...lines(reading?.claims ?? [], reading?.claimVerdicts),
    ];
  },
};

function clipOf({ item, score }: ScoredItem<Dream1kItem, Dream1kScore>): Dream1kClip {
  const { recall, precision, events } = score;
  const { category, subjects, shots } = item;
  return { recall, precision, category, subjects, shots, events: events.length };
}

async function summarise(clips: readonly Dream1kClip[], measure: Measure): Promise<Summary> {
  if (clips.length === 0) return { metrics: {}, tables: [] };
  const categories = categoryScores(clips);
  const metrics = await measure(clips, (some) => {
    const { f1, recall, precision } = overallScore(some);
    return { f1: 100 * f1, recall: 100 * recall, precision: 100 * precision };
  });
  for (const [category, { f1 }] of categories) metrics[`${category}/f1`] = 100 * f1;
  return { metrics, tables: [categoryTable(categories), ...bucketTables(clips)] };
}

type Row = ClipScore & { f1: number; clips: number };
const COLUMNS = ['F1', 'Recall', 'Precision', 'Clips'];

function categoryTable(categories: ReadonlyMap<string, Row>): SuiteTable {
  const published = DREAM1K_PUBLISHED.filter(({ metrics }) =>
    Object.keys(metrics).some((name) => name.endsWith('/f1')),
  );
  const rows = [...categories].map(([label, row]) => ({
    label,
    values: [...valuesOf(row), ...published.map(({ metrics }) => metrics[`${label}/f1`] ?? null)],
  }));
  const columns = ['Category', ...COLUMNS, ...published.map(({ model }) => `F1 of ${model}`)];
  return { title: 'By category', columns, rows };
}

function bucketTables(clips: readonly Dream1kClip[]): SuiteTable[] {
  return (['subjects', 'shots', 'events'] as const satisfies (keyof typeof DREAM1K_BUCKETS)[]).map((by) => ({
    title: `By number of ${by}`,
    columns: [by[0]!.toUpperCase() + by.slice(1), ...COLUMNS],
    rows: bucketScores(clips, by).map((bucket) => ({ label: bucket.label, values: valuesOf(bucket) })),
  }));
}

function valuesOf({ f1, recall, precision, clips }: Row): (number | null)[] {
  return [...[f1, recall, precision].map((score) => (Number.isNaN(score) ? null : 100 * score)), clips];
}
