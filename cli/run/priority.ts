import { userInfo } from 'node:os';
import type { Priority } from '@temporalio/common';

/** The types of workflows that commands start. */
export type RunType = 'trainingRun' | 'ablationSweep' | 'benchmarkRun' | 'datasetAnnotation';

/** From 1, done first, to 5; 3 is Temporal's default. The runs of a sweep wait for a run that a user watches. */
const PRIORITY: Record<RunType, number> = { trainingRun: 3, benchmarkRun: 3, datasetAnnotation: 3, ablationSweep: 4 };

/**
 * The place of a new run among the work that waits for a worker. Its children and activities inherit it. Where the
 * server has fairness on (`matching.enableFairness`), users of one priority take turns.
 */
export function priorityOf(type: RunType, user = userName()): Priority {
  return { priorityKey: PRIORITY[type], ...(user !== undefined && { fairnessKey: firstBytes(user, 64) }) };
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // a container's user may have no name
  }
}

/** Temporal's limit is of bytes; what is cut must not end in half of a character. */
function firstBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes)).replace(/\ufffd+$/, '');
}
