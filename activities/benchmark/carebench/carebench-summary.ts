import { bootstrap } from '../bootstrap.ts';
import type { Summary } from '../suites/suite.ts';
import { type CareBenchClipScore, type CareBenchScore, careBenchScore } from './carebench-score.ts';

/** In points: F1, recall and precision of actions and of objects over all clips as one group, and the mean of the two F1s. */
export function careBenchSummary(clips: readonly CareBenchClipScore[]): Summary {
  if (clips.length === 0) return { metrics: {}, tables: [] };
  const numbers = metricsOf(careBenchScore(clips));
  const metrics: Record<string, number> = {};
  for (const [name, value] of Object.entries(numbers)) {
    const { low, high } = bootstrap(clips, (draw) => metricsOf(careBenchScore(draw))[name]!);
    Object.assign(metrics, { [name]: value, [`${name}Low`]: low, [`${name}High`]: high });
  }
  return { metrics, tables: [] };
}

function metricsOf({ action, object, meanF1 }: CareBenchScore): Record<string, number> {
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
