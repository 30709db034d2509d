import { lastStep, readProgress } from '../contracts/read-progress.ts';
import { Tracking } from '../contracts/tracking.ts';
import { keyOf } from '../core/store-layout.ts';
import { MlflowClient } from '../tracking/mlflow-client.ts';
import { runAccess } from '../tracking/run-access.ts';
import { END_TAG, endedNote, NOTE_TAG } from '../tracking/run-tags.ts';
import type { TrackingDeps } from './tracking.ts';

/** A run that ended without its workflow, which so could not set its status in MLflow. */
export interface EndedRun {
  runKey: string;
  /** `Terminated`. */
  how: string;
  /** What the user who ended it gave as the reason. */
  reason?: string | undefined;
  /** Milliseconds since the epoch. */
  endTime: number;
}

/** Sets the status in MLflow of runs and sweeps that Temporal ended: their workflows do nothing any more. */
export function createEndedTracking({ store, mlflowUrl, log, ...http }: TrackingDeps) {
  const client = new MlflowClient({ url: mlflowUrl, ...http });
  const { withRun, setTags } = runAccess(client, log);

  /** `Terminated after step 12 of 60: out of memory`. A sweep has no steps. */
  async function sentenceOf({ runKey, how, reason }: EndedRun): Promise<string> {
    const last = await lastStep(store, runKey);
    const progress = last === undefined ? undefined : await readProgress(store, runKey, last);
    const total = progress && (progress.limits.maxSteps ?? progress.config.algorithm.steps);
    const after = total === undefined ? ' before its end' : ` after step ${last} of ${total}`;
    return `${how}${after}${reason === undefined ? '' : `: ${reason}`}`;
  }

  /**
   * Leaves alone a run that has another status, and one that MLflow does not have.
   * @throws VideocapError `Unavailable` while MLflow cannot be reached; `CorruptArtifact`.
   */
  return async function closeEnded(end: EndedRun): Promise<void> {
    const known = await store.find(keyOf('trackingRun', { runKey: end.runKey }));
    if (!known) return;
    await withRun(await store.readJson(known, Tracking), async (run) => {
      if (run.status !== 'RUNNING') return;
      const sentence = await sentenceOf(end);
      const note = endedNote(run.tags.get(NOTE_TAG) ?? '', sentence);
      await setTags(run, [
        { key: END_TAG, value: sentence },
        { key: NOTE_TAG, value: note },
      ]);
      await client.updateRun(run.runId, { status: 'KILLED', endTime: end.endTime });
    });
  };
}
