import { CancellationScope } from '@temporalio/workflow';
import type { RunSummary } from '../contracts/run-results.ts';
import { type MlflowMirror, trackingInput } from './mirror.ts';
import type { RunState } from './run-state.ts';
import { desk, lastWord, mirror as mlflow, stage } from './stages.ts';
import { execution } from './start-run.ts';

/** Exports the trained policy, writes the report, and closes the MLflow run once everything has arrived there. */
export async function finishRun(run: RunState, mirror: MlflowMirror): Promise<RunSummary> {
  const { snapshot, config, manifest } = run;
  const { runKey, evaluations } = snapshot;
  run.stage = 'report';
  const { folder } = await desk.exportPolicy({ runKey, policy: run.policy });
  const { report } = await stage.writeReport({
    runKey,
    config,
    manifest,
    heldOutClips: run.heldOutClips,
    evaluations,
    lastStep: snapshot.step,
    execution: execution(),
    ...(snapshot.tracking && { mlflowRunUrl: snapshot.tracking.runUrl }),
  });
  run.stage = 'mlflow';
  await mirror.drain();
  if (snapshot.tracking)
    await mlflow.finishTracking({
      runKey,
      tracking: snapshot.tracking,
      status: 'FINISHED',
      endTime: Date.now(),
      report,
      evaluations,
      manifest,
    });
  run.stage = 'finished';
  return run.summary(report, folder);
}

/** Marks the MLflow run of a run that ends otherwise, also when the run itself is being cancelled. */
export async function leaveWithStatus(run: RunState, mirror: MlflowMirror, status: 'FAILED' | 'KILLED'): Promise<void> {
  const { runKey } = run.snapshot;
  await CancellationScope.nonCancellable(async () => {
    await mirror.rest();
    const tracking = run.snapshot.tracking ?? (await lastWord.startTracking(trackingInput(run)));
    await lastWord.finishTracking({ runKey, tracking, status, endTime: Date.now(), evaluations: [] });
  }).catch(() => undefined);
}
