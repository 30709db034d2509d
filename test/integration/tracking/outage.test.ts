import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRecords } from '../../../contracts/read-records.ts';
import type { RunSummary } from '../../../contracts/run-results.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { metricPoints } from '../../../tracking/log-batches.ts';
import { realServers } from '../real-servers.ts';
import { pointsOf, runsTagged } from './mlflow-points.ts';

const EXPERIMENT = {
  config: 'quickstart',
  overrides: {
    'algorithm.steps': 3,
    'algorithm.samplesPerStep': 1,
    'sampling.groupSize': 2,
    'sampling.maxNewTokens': 24,
    'benchmark.maxNewTokens': 24,
    'dataset.trainSamples': 3,
    'dataset.heldOutSamples': 1,
    'reward.think.similarity': 'token-f1',
  },
};

const servers = realServers('outage');

const start = (workflowId: string) =>
  servers.temporal.client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId, args: [EXPERIMENT] });

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

it('MLflow may be away for a whole run: training continues as ever, and later everything is there once', async () => {
  const usual = await trained('usual');
  await servers.mlflow.stop();
  const { status, seconds } = await trained('alone');
  expect(status).toMatchObject({ step: 3, totalSteps: 3, stage: 'mlflow' });
  expect(status.mlflowRunUrl).toBeUndefined();
  // As long as with MLflow, but for what else this machine does.
  expect(seconds).toBeLessThan(2 * usual.seconds + 5);

  // The worker that meets MLflow again is another one.
  await servers.worker.kill();
  await servers.startWorker();
  await servers.mlflow.start();
  const summary = (await servers.temporal.client.workflow.getHandle('alone').result()) as RunSummary;

  const [, experimentId, runId] = /experiments\/(\d+)\/runs\/(\w+)\?/.exec(summary.mlflowRunUrl!)!;
  const runs = await runsTagged(servers.mlflow.url, experimentId!, summary.runKey);
  const records = await readRecords(new ArtifactStore(join(servers.home, 'store')), summary.runKey, 0, 3);
  expect(runs).toMatchObject([{ info: { run_id: runId, status: 'FINISHED' } }]);
  // The start time is that of the run, not of the first request to MLflow.
  expect(Number(runs[0]!.info.start_time)).toBeLessThan(records[0]!.time);

  const key = ({ key, step }: { key: string; step: number }) => `${key} ${String(step).padStart(3)}`;
  const expected = metricPoints(records).map(({ timestamp: time, ...point }) => ({ ...point, time }));
  expect((await pointsOf(servers.mlflow.url, runId!)).sort((a, b) => (key(a) < key(b) ? -1 : 1))).toEqual(
    expected.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  );
  expect(new Set(expected.map(({ step }) => step))).toEqual(new Set([0, 1, 2, 3]));
}, 240_000);
