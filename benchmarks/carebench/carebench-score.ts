import { type ClipScore, NO_CAPTION, type SuiteScore, suiteScore } from '../autodq.ts';
import type { Measure } from '../bootstrap.ts';
import type { Summary } from '../suites/suite.ts';

/** CapST of one caption: what happens and what is there, scored apart. */
export interface CareBenchClipScore {
  action: ClipScore;
  object: ClipScore;
}

export const NO_CAREBENCH_CAPTION: CareBenchClipScore = { action: NO_CAPTION, object: NO_CAPTION };

/**
 * CaReBench's caption scores (`MCG-NJU/CaReBench`, `utils/dream_gpt.py`), in [0, 1]: AutoDQ's for actions and for
 * objects over all clips as one group, and the mean of the two F1s, which is the authors' "Caption (Avg. F1)". NaN
 * without clips.
 */
export interface CareBenchScore {
  action: SuiteScore;
  object: SuiteScore;
  meanF1: number;
}

export function careBenchScore(clips: readonly CareBenchClipScore[]): CareBenchScore {
  const action = suiteScore(clips.map((clip) => clip.action));
  const object = suiteScore(clips.map((clip) => clip.object));
  return { action, object, meanF1: (action.f1 + object.f1) / 2 };
}

/**
 * In points: F1, recall and precision of actions and of objects over all clips as one group, and the mean of the two
 * F1s.
 */
export async function careBenchSummary(clips: readonly CareBenchClipScore[], measure: Measure): Promise<Summary> {
  return { metrics: await measure(clips, metricsOf), tables: [] };
}

function metricsOf(clips: readonly CareBenchClipScore[]): Record<string, number> {
  const { action, object, meanF1 } = careBenchScore(clips);
  return {
    actionF1: 100 * action.f1,
    actionRecall: 100 * action.recall,
    actionPrecision: 100 * action.precision,
    objectF1: 100 * object.f1,
    objectRecall: 100 * object.recall,
    objectPrecision: 100 * object.precision,
    meanF1: 100 * meanF1,
  };
}
