import { z } from 'zod';
import { settled } from '../../core/settled.ts';
import type { LlmClient } from '../../judge/client/llm-client.ts';
import { EVENT_ENTAILMENT } from '../../judge/questions/event-entailment.ts';
import { KEY_EVENT_EXTRACTION } from '../../judge/questions/event-extraction.ts';
import type { Verdict } from '../../judge/verdict.ts';
import { NO_CAPTION, recallAndPrecision } from '../autodq.ts';
import { compareUnits, keyEventQuestions, UnitComparison, type UnitQuestions } from '../compare-units.ts';
import type { Suite } from '../suites/suite.ts';
import { readCareBench } from './carebench-clips.ts';
import { careBenchPredictions } from './carebench-predictions.ts';
import { CAREBENCH_NOTES, CAREBENCH_PUBLISHED } from './carebench-published.ts';
import { careBenchSummary } from './carebench-summary.ts';
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

/** CapST: does a caption tell what happens, and what is there? AutoDQ for actions and for objects. */
export const carebench: Suite<CareBenchItem, CareBenchItemScore> = {
  name: 'carebench',
  title: 'CaReBench (CapST)',
  source: 'CaReBench, arXiv 2501.00513; MCG-NJU/CaReBench, tasks/captioning.py and utils/dream_gpt.py',
  item: CareBenchItem,
  score: CareBenchItemScore,
  prompts: [KEY_EVENT_EXTRACTION, EVENT_ENTAILMENT, OBJECT_EXTRACTION, OBJECT_ENTAILMENT],
  quirks: {},
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
  readPredictions: careBenchPredictions,
  async scoreItem(client, { reference, events, objects }, caption, signal) {
    const [action, object] = await settled([
      compareUnits(keyEventQuestions(client, signal), caption, { caption: reference, units: events }),
      compareUnits(objectQuestions(client, signal), caption, { caption: reference, units: objects }),
    ]);
    if (!('answer' in action)) return action;
    if (!('answer' in object)) return object;
    return { answer: { action: action.answer, object: object.answer } };
  },
  noCaption: ({ events = [], objects = [] }) => ({ action: nothingTold(events), object: nothingTold(objects) }),
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

function objectQuestions(client: LlmClient, signal: AbortSignal | undefined): UnitQuestions {
  return {
    extract: (text) => client.ask(objectExtraction(text), signal),
    entail: (text, objects) => client.ask(objectEntailment(text, objects), signal),
  };
}

function nothingTold(units: readonly string[]): UnitComparison {
  return { ...NO_CAPTION, reference: [...units], verdicts: units.map(() => 'neutral'), told: [], toldVerdicts: [] };
}

function unitLines(title: string, { reference, verdicts, told, toldVerdicts }: UnitComparison): string[] {
  const line = (units: readonly string[], about: readonly Verdict[]) =>
    units.map((unit, i) => `- ${about[i]}: ${unit}`);
  return [
    `${title} of the reference, and what the caption says:`,
    ...line(reference, verdicts),
    `${title} of the caption, and what the reference says:`,
    ...line(told, toldVerdicts),
  ];
}
