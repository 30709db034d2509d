import { Tracking } from '../contracts/tracking.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { keyOf } from '../core/store-layout.ts';
import { logBatches } from './log-batches.ts';
import type { Metric, MlflowClient, MlflowRun } from './mlflow-client.ts';

/** What a worker has measured of its machine and itself, at one moment. */
export interface SystemSample {
  /** Names the worker among all that serve a run. */
  node: string;
  /** Milliseconds since the epoch. */
  time: number;
  /** By MLflow's own names, such as `cpu_utilization_percentage`. */
  metrics: Readonly<Record<string, number>>;
}

/**
 * Sends a sample to the page of a run that goes on; any other run gets nothing. It is no part of the run's records:
 * what does not arrive is lost.
 * @throws MlflowError
 */
export async function sendSystemMetrics(
  { client, store }: { client: MlflowClient; store: ArtifactStore },
  runKey: string,
  sample: SystemSample,
): Promise<void> {
  const known = await store.find(keyOf('trackingRun', { runKey }));
  if (!known) return;
  const run = await client.run((await store.readJson(known, Tracking)).mlflowRunId);
  if (run.deleted || run.status !== 'RUNNING') return;
  for (const batch of logBatches({ metrics: systemPoints(run, sample) })) await client.logBatch(run.runId, batch);
}

/**
 * MLflow shows metrics whose names begin with `system/` on a page of their own; the name of a node comes between. The
 * step is the number of seconds since the run began: a worker that starts again need not know what was sent before.
 */
export function systemPoints(
  { startTime }: Pick<MlflowRun, 'startTime'>,
  { node, time, metrics }: SystemSample,
): Metric[] {
  const step = Math.max(0, Math.floor((time - startTime) / 1000));
  return Object.entries(metrics).map(([name, value]) => ({
    key: `system/${node}/${name}`,
    value: Math.round(value * 10) / 10,
    step,
    timestamp: time,
  }));
}
