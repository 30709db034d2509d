import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRecords } from '../../../activities/record/record.ts';
import { metricPoints } from '../../../activities/tracking/log-batches.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import type { RunSummary } from '../../../core/stages.ts';
import type { RunStatus } from '../../../workflows/run-state.ts';
import { startWorker, type WorkerProcess } from '../../chaos/worker-process.ts';
import { startTemporal } from '../temporal-server.ts';
import { pointsOf, runsTagged } from './mlflow-points.ts';
import { type MlflowServer, startMlflow } from './mlflow-server.ts';

const EXPERIMENT = {
  config: 'quickstart',
  overrides: {
    'grpo.steps': 3,
    'grpo.samplesPerStep': 1,
    'sampling.groupSize': 2,
    'sampling.maxNewTokens': 24,
    'benchmark.maxNewTokens': 24,
    'dataset.trainSamples': 3,
    'dataset.heldOutSamples': 1,
    'reward.think.similarity': 'token-f1',
  },
};

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let worker: WorkerProcess;
let home: string;
const place = () => ({ temporalAddress: temporal.address, mlflowUrl: mlflow.url, home });
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-outage-'));
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow()]);
  worker = await startWorker(place());
}, 180_000);
afterAll(async () => {
  await worker?.kill();
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(home, { recursive: true, force: true });
});

const start = (workflowId: string) =>
  temporal.client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId, args: [EXPERIMENT] });

/** What the run says of itself, once it waits for nothing but MLflow. */
async function trained(workflowId: string): Promise<{ status: RunStatus; seconds: number }> {
  const handle = await start(workflowId);
  const started = performance.now();
  for (;;) {
    const status = await handle.query<RunStatus>('status').catch(() => undefined);
    if (status?.stage === 'mlflow' || status?.stage === 'finished')
      return { status, seconds: (performance.now() - started) / 1000 };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('MLflow may be away for a whole run: training goes on as ever, and later everything is there once', async () => {
  const usual = await trained('usual');
  await mlflow.stop();
  const { status, seconds } = await trained('alone');
  expect(status).toMatchObject({ step: 3, totalSteps: 3, stage: 'mlflow' });
  expect(status.mlflowRunUrl).toBeUndefined();
  // As long as with MLflow, but for what else this machine does.
  expect(seconds).toBeLessThan(2 * usual.seconds + 5);

  // The worker that meets MLflow again is another one.
  await worker.kill();
  worker = await startWorker(place());
  await mlflow.start();
  const summary = (await temporal.client.workflow.getHandle('alone').result()) as RunSummary;

  const [, experimentId, runId] = /experiments\/(\d+)\/runs\/(\w+)$/.exec(summary.mlflowRunUrl!)!;
  const runs = await runsTagged(mlflow.url, experimentId!, summary.runKey);
  const records = await readRecords(new ArtifactStore(join(home, 'store')), summary.runKey, 0, 3);
  expect(runs).toMatchObject([{ info: { run_id: runId, status: 'FINISHED' } }]);
  // It began when the run began, not when MLflow was told.
  expect(Number(runs[0]!.info.start_time)).toBeLessThan(records[0]!.time);

  const key = ({ key, step }: { key: string; step: number }) => `${key} ${String(step).padStart(3)}`;
  const expected = metricPoints(records).map(({ timestamp: time, ...point }) => ({ ...point, time }));
  expect((await pointsOf(mlflow.url, runId!)).sort((a, b) => (key(a) < key(b) ? -1 : 1))).toEqual(
    expected.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  );
  expect(new Set(expected.map(({ step }) => step))).toEqual(new Set([0, 1, 2, 3]));
}, 240_000);
