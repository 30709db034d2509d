import { z } from 'zod';
import { settled } from '../../core/settled.ts';
import type { LlmClient } from '../../judge/client/llm-client.ts';
import { EVENT_ENTAILMENT } from '../../judge/questions/event-entailment.ts';
import { KEY_EVENT_EXTRACTION, type ReadUnits } from '../../judge/questions/event-extraction.ts';
import type { Verdict } from '../../judge/verdict.ts';
import { badAnnotation, checkAnnotation, readAnnotation, readAnnotationFile } from '../annotation-file.ts';
import { NO_CAPTION, recallAndPrecision } from '../autodq.ts';
import { compareUnits, keptUnits, keyEventQuestions, UnitComparison, type UnitQuestions } from '../compare-units.ts';
import type { AuthorsCaptioning } from '../suites/captioning.ts';
import type { Prediction } from '../suites/predictions.ts';
import { AUTODQ_QUIRKS } from '../suites/quirks.ts';
import type { PublishedRow, Suite } from '../suites/suite.ts';
import { careBenchSummary } from './carebench-score.ts';
import { OBJECT_ENTAILMENT, OBJECT_EXTRACTION, objectEntailment, objectExtraction } from './object-questions.ts';

const CareBenchItem = z.strictObject({
  /** The authors' `idx`: the place in the file, from 0. */
  id: z.string(),
  /** The video's name in the file. */
  clip: z.string(),
  video: z.string(),
  reference: z.string(),
  events: z.array(z.string()).optional(),
  objects: z.array(z.string()).optional(),
});
type CareBenchItem = z.infer<typeof CareBenchItem>;

const CareBenchItemScore = z.strictObject({ action: UnitComparison, object: UnitComparison });
type CareBenchItemScore = z.infer<typeof CareBenchItemScore>;

const FIGURE =
  'MCG-NJU/CaReBench, assets/performance.png ("Caption (Avg. F1)"); judge not stated, the script names deepseek-chat';

/** The authors' repository shows the mean of the two F1s only. */
const CAREBENCH_PUBLISHED: readonly PublishedRow[] = [
  { model: 'CaRe-7B', metrics: { meanF1: 33.4 }, source: FIGURE },
  { model: 'Qwen2-VL-7B', metrics: { meanF1: 26.8 }, source: FIGURE },
  { model: 'LLaVA-NeXT-Video-7B', metrics: { meanF1: 25.7 }, source: FIGURE },
];

/** VideoCap-R1 states gains; its values could not be found. */
const CAREBENCH_NOTES: readonly string[] = [
  'VideoCap-R1 (arXiv 2506.01725, abstract) states gains only, over its own Qwen2-VL-7B: action F1 +3.1, object ' +
    'F1 +6.9 points. The values behind them are not known, so it has no row here.',
];

/** Of their Qwen2-VL: 32 frames at the middles of equal parts. The model's own generation config is all but greedy. */
const CAREBENCH_CAPTIONING: AuthorsCaptioning = {
  frames: { count: 32, minPixels: 100_352, maxPixels: 230_400 },
  maxNewTokens: 512,
  decoding: { temperature: 0, repetitionPenalty: 1.2 },
  source:
    'MCG-NJU/CaReBench, scripts/captioning.sh:16, models/modeling_captioners.py:259-296, ' +
    'models/modeling_basemodels.py:440-441, utils/video.py:35-55',
};

/** CapST: scores what happens and which objects are there. AutoDQ for actions and for objects. */
export const carebench: Suite<CareBenchItem, CareBenchItemScore> = {
  name: 'carebench',
  title: 'CaReBench (CapST)',
  source: 'CaReBench, arXiv 2501.00513; MCG-NJU/CaReBench, tasks/captioning.py and utils/dream_gpt.py',
  item: CareBenchItem,
  score: CareBenchItemScore,
  prompts: [KEY_EVENT_EXTRACTION, EVENT_ENTAILMENT, OBJECT_EXTRACTION, OBJECT_ENTAILMENT],
  quirks: AUTODQ_QUIRKS,
  columns: [
    { metric: 'actionF1', label: 'Action F1' },
    { metric: 'actionRecall', label: 'Action recall' },
    { metric: 'actionPrecision', label: 'Action precision' },
    { metric: 'objectF1', label: 'Object F1' },
    { metric: 'objectRecall', label: 'Object recall' },
    { metric: 'objectPrecision', label: 'Object precision' },
    { metric: 'meanF1', label: 'Mean F1' },
  ],
  published: CAREBENCH_PUBLISHED,
  notes: CAREBENCH_NOTES,
  async readAnnotations(path) {
    return (await readCareBench(path)).map(({ video, caption, events, objects }, index) => ({
      id: `${index}`,
      clip: video,
      video,
      reference: caption,
      ...(events && { events }),
      ...(objects && { objects }),
    }));
  },
  captioning: CAREBENCH_CAPTIONING,
  instruction: () => 'Describe the video in detail.',
  readPredictions: careBenchPredictions,
  repeatedPrediction: 'last',
  isTask: (task) => /care[^a-z]?bench/i.test(task),
  docIdIsId: true,
  async scoreItem(client, { reference, events, objects }, caption, { quirks, signal }) {
    const keep = keptUnits(quirks);
    const [action, object] = await settled([
      compareUnits(keyEventQuestions(client, keep, signal), caption, { caption: reference, units: events }),
      compareUnits(objectQuestions(client, keep, signal), caption, { caption: reference, units: objects }),
    ]);
    if (!('answer' in action)) return action;
    if (!('answer' in object)) return object;
    return { answer: { action: action.answer, object: object.answer } };
  },
  noCaption: ({ events = [], objects = [] }) => ({ action: noClaims(events), object: noClaims(objects) }),
  summarise: (scored, _, measure) =>
    careBenchSummary(
      scored.map(({ score }) => score),
      measure,
    ),
  describe: ({ reference }, { action, object }) => [
    `Actions: ${recallAndPrecision(action)}. Objects: ${recallAndPrecision(object)}.`,
    `Reference: ${reference}`,
    ...unitLines('Actions', action),
    ...unitLines('Objects', object),
  ],
};

function objectQuestions(client: LlmClient, keep: ReadUnits, signal: AbortSignal | undefined): UnitQuestions {
  return {
    extract: (text) => client.ask(objectExtraction(text, keep), signal),
    entail: (text, objects) => client.ask(objectEntailment(text, objects), signal),
  };
}

function noClaims(units: readonly string[]): UnitComparison {
  return { ...NO_CAPTION, reference: [...units], verdicts: units.map(() => 'neutral'), claims: [], claimVerdicts: [] };
}

function unitLines(title: string, { reference, verdicts, claims, claimVerdicts }: UnitComparison): string[] {
  const line = (units: readonly string[], about: readonly Verdict[]) =>
    units.map((unit, i) => `- ${about[i]}: ${unit}`);
  return [
    `${title} of the reference, and the caption's verdicts:`,
    ...line(reference, verdicts),
    `${title} of the caption, and the reference's verdicts:`,
    ...line(claims, claimVerdicts),
  ];
}

/** One clip of CaReBench. `events` and `objects` are the units of its caption, if the file lists them. */
const CareBenchClip = z.object({
  /** The video file's name, relative to the benchmark's video folder; names the clip. */
  video: z.string().min(1),
  caption: z.string().min(1),
  events: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? undefined),
  objects: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? undefined),
});
type CareBenchClip = z.infer<typeof CareBenchClip>;

/**
 * CaReBench's annotation file (`json/` of the dataset `MCG-NJU/CaReBench`): a JSON list of `{video, caption, events?,
 * objects?}`, in the file's order; fields of its other tasks are ignored. A clip without `events` or `objects` gets
 * them from its caption, by the judge, as in the authors' code.
 * @throws VideocapError `InvalidDataset` that names the file, the entry and the field.
 */
export async function readCareBench(path: string): Promise<CareBenchClip[]> {
  const file = `CaReBench file ${path}`;
  const entries = readAnnotation(await readAnnotationFile(path, 'CaReBench file'), z.array(z.unknown()), file);
  if (entries.length === 0) throw badAnnotation(`${file} is an empty list.`);
  const places = new Map<string, number>();
  return entries.map((entry, index) => {
    const clip = checkAnnotation(entry, CareBenchClip, `${file} entry ${index}`);
    const first = places.get(clip.video);
    if (first !== undefined)
      throw badAnnotation(
        `${file} entry ${index}, field video: ${JSON.stringify(clip.video)} is that of entry ${first} already; ` +
          'keep one, since it identifies a caption.',
      );
    places.set(clip.video, index);
    return clip;
  });
}

/**
 * What the authors' captioning writes of a clip (`description.json`, by `idx`), and their evaluation again
 * (`DREAM_eval_infos.jsonl`).
 */
const Described = z.union([
  z.object({ id: z.union([z.string(), z.int()]), pred: z.string() }),
  z.object({ idx: z.union([z.string(), z.int()]), pred: z.string() }),
]);

/** The caption of a row in the authors' layouts; empty for other rows. */
export function careBenchPredictions(row: unknown): Prediction[] {
  const { success, data } = Described.safeParse(row);
  return success ? [{ ids: [`${'id' in data ? data.id : data.idx}`], caption: data.pred }] : [];
}
