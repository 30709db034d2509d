import type { Measure } from '../bootstrap.ts';
import type { Summary } from '../suites/suite.ts';
import { type CareBenchClipScore, careBenchScore } from './carebench-score.ts';

/** In points: F1, recall and precision of actions and of objects over all clips as one group, and the mean of the two F1s. */
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
