import { CancellationScope } from '@temporalio/workflow';
import type { RunEnd } from '../contracts/run-end.ts';
import type { RunSummary } from '../contracts/run-results.ts';
import { type MlflowMirror, trackingInput } from './mirror.ts';
import type { RunState } from './run-state.ts';
import { runSummary } from './run-summary.ts';
import { bestEffortActivities, closingActivities, mediaActivities, policyActivities } from './stages.ts';
import { execution } from './start-run.ts';

/** What the status of a run says that has ended. */
const STAGES: Readonly<Record<RunEnd['how'], string>> = {
  ...{ finished: 'finished', limited: 'finished', early: 'ended early', stopped: 'stopped' },
  ...{ cancelled: 'cancelled', failed: 'failed' },
};

/** Exports the trained policy, writes the report, and closes the MLflow run once everything has arrived there. */
export async function finishRun(run: RunState, mirror: MlflowMirror): Promise<RunSummary> {
  const { snapshot, config, manifest } = run;
  const { runKey, evaluations } = snapshot;
  run.stage = 'report';
  const { folder } = await policyActivities(config.policy.engine).exportPolicy({
    runKey,
    policy: run.exportedPolicy,
  });
  const { report } = await mediaActivities.writeReport({
    runKey,
    config,
    manifest,
    heldOutClips: run.heldOutClips,
    evaluations,
    lastStep: snapshot.step,
    execution: execution(),
    ...(snapshot.trainedFrom && { trainedFrom: snapshot.trainedFrom }),
    ...(snapshot.forkedFrom && { forkedFrom: snapshot.forkedFrom }),
    ...(run.best && { best: run.best }),
    ...(run.end && { end: run.end }),
    collapse: run.collapse,
    ...(snapshot.identity && { identity: snapshot.identity }),
    ...(snapshot.tracking && { mlflowRunUrl: snapshot.tracking.runUrl }),
  });
  run.stage = 'mlflow';
  await mirror.drain();
  if (snapshot.tracking)
    await closingActivities.finishTracking({
      runKey,
      tracking: snapshot.tracking,
      status: 'FINISHED',
      endTime: Date.now(),
      report,
      evaluations,
      ...(run.best && { best: run.best }),
      ...ending(run),
      manifest,
    });
  run.reported = true;
  run.stage = STAGES[run.end?.how ?? 'finished'];
  return runSummary(run, report, folder);
}

/**
 * Sets the final status in MLflow of a run that failed, or that a user ended before there was something to report; also
 * while the run itself is being cancelled.
 */
export async function finishWithStatus(run: RunState, mirror: MlflowMirror): Promise<void> {
  const { runKey } = run.snapshot;
  const status = run.end?.how === 'failed' ? 'FAILED' : 'KILLED';
  await CancellationScope.nonCancellable(async () => {
    await mirror.rest();
    const tracking = run.snapshot.tracking ?? (await bestEffortActivities.startTracking(trackingInput(run)));
    const closing = { runKey, tracking, endTime: Date.now(), evaluations: [], ...ending(run) };
    await bestEffortActivities.finishTracking({ ...closing, status });
  }).catch(() => undefined);
}

/** What MLflow says at a run's end, however it ended. */
function ending({ end, setAside, collapse, snapshot: { identity } }: RunState) {
  return { ...(end && { end }), ...(setAside && { setAside }), collapse, ...(identity && { identity }) };
}
