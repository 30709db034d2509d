import { z } from 'zod';
import { ExperimentConfig } from '../configs/schema.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { BestCheckpoint } from './best.ts';
import { CollapseWarning } from './collapse.ts';
import { ForkedFrom } from './forked-from.ts';
import { RunEnd } from './run-end.ts';
import { RunIdentity } from './run-identity.ts';
import { Evaluation } from './run-results.ts';
import { SetAside } from './set-aside.ts';
import { TrainedFrom } from './start.ts';
import { SweepPlace } from './sweep-place.ts';

/** Which MLflow run mirrors a run: what `startTracking` answers, and what the other activities are given. */
export const Tracking = z.strictObject({ mlflowRunId: z.string(), experimentId: z.string(), runUrl: z.string() });
export type Tracking = z.infer<typeof Tracking>;

/** The workflow execution behind a run: its first one, whose page leads to those that continued it. */
export const Execution = z.strictObject({
  namespace: z.string().default('default'),
  workflowId: z.string(),
  runId: z.string(),
});
export type Execution = z.infer<typeof Execution>;

/** Names the run in MLflow's search language, so it must need no quoting there. */
const RunKey = z.string().regex(/^[A-Za-z0-9._-]{1,250}$/);
const Milliseconds = z.int().nonnegative();

export const StartTrackingInput = z.strictObject({
  runKey: RunKey,
  config: ExperimentConfig,
  /** Milliseconds since the epoch, from the workflow's clock. */
  startTime: Milliseconds,
  execution: Execution.optional(),
  trainedFrom: TrainedFrom.optional(),
  forkedFrom: ForkedFrom.optional(),
  sweep: SweepPlace.optional(),
  /**
   * A `DatasetManifest` and its digest. A run is tracked from its first moment, so they may come later, with the
   * records.
   */
  manifest: ArtifactRef.optional(),
  digest: z.string().optional(),
});

export const MirrorRecordsInput = z.strictObject({
  runKey: RunKey,
  tracking: Tracking,
  /** A `DatasetManifest`: logged as the run's dataset, and where the tables' references come from. */
  manifest: ArtifactRef,
  /** The records of the steps `fromStep` to `toStep`, both included. */
  fromStep: z.int().nonnegative(),
  toStep: z.int().nonnegative(),
  /** Benchmarks of the steps up to this one are of another benchmark than the run's, and are left out. */
  otherBenchmarkTo: z.int().nonnegative().optional(),
  collapse: z.array(CollapseWarning).default([]),
  identity: RunIdentity.optional(),
});

export const FinishTrackingInput = z.strictObject({
  runKey: RunKey,
  tracking: Tracking,
  status: z.enum(['FINISHED', 'FAILED', 'KILLED']),
  endTime: Milliseconds,
  report: ArtifactRef.optional(),
  evaluations: z.array(Evaluation),
  best: BestCheckpoint.optional(),
  end: RunEnd.optional(),
  setAside: SetAside.optional(),
  collapse: z.array(CollapseWarning).default([]),
  identity: RunIdentity.optional(),
  manifest: ArtifactRef.optional(),
});

export const FinishSweepTrackingInput = z.strictObject({
  runKey: RunKey,
  name: z.string(),
  status: z.enum(['FINISHED', 'FAILED', 'KILLED']),
  endTime: Milliseconds,
  /** Why it failed: a clause for people. */
  reason: z.string().optional(),
  /** A `SweepTable`, the same as Markdown, and as a page. */
  table: ArtifactRef.optional(),
  report: ArtifactRef.optional(),
  page: ArtifactRef.optional(),
});
/** Absent: none of the sweep's runs is in MLflow. */
export const FinishSweepTrackingOutput = z.strictObject({ runUrl: z.string().optional() });

/** The page of a workflow execution in the Temporal UI, or `undefined` where either is not known. */
export function temporalLink(uiUrl: string | undefined, execution: Execution | undefined): string | undefined {
  if (!uiUrl || !execution) return undefined;
  const { namespace, workflowId, runId } = execution;
  const path = ['namespaces', namespace, 'workflows', workflowId, runId].map(encodeURIComponent).join('/');
  return `${uiUrl.replace(/\/+$/, '')}/${path}/history`;
}
