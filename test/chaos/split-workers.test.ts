import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

const EXPERIMENT = {
  config: 'quickstart',
  overrides: {
    'algorithm.steps': 3,
    'algorithm.samplesPerStep': 2,
    'benchmark.maxNewTokens': 24,
    'benchmark.metrics': ['events'],
    'dataset.trainSamples': 8,
    'dataset.heldOutSamples': 2,
    'reward.think.similarity': 'token-f1',
  },
};

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let folder: string;
const workers = new Set<WorkerProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-split-'));
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow()]);
}, 180_000);
afterAll(async () => {
  await stop();
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(folder, { recursive: true, force: true });
});

async function serve(home: string, queues: string): Promise<WorkerProcess> {
  const env = { VIDEOCAP_QUEUES: queues };
  const worker = await startWorker({ temporalAddress: temporal.address, mlflowUrl: mlflow.url, home, env });
  workers.add(worker);
  return worker;
}

async function stop(): Promise<void> {
  await Promise.all([...workers].map((worker) => worker.kill()));
  workers.clear();
}

const start = (workflowId: string) =>
  temporal.client.workflow.start<(input: object) => Promise<RunSummary>>('trainingRun', {
    ...{ taskQueue: 'videocap', workflowId },
    args: [EXPERIMENT],
  });

it('a run over workers of a queue each, one drained and one killed, ends as that of one worker', async () => {
  const alone = join(folder, 'alone');
  await serve(alone, '');
  const expected = await (await start('alone')).result();
  await stop();

  const split = join(folder, 'split');
  const [, judge, policy] = await Promise.all([
    serve(split, 'videocap=2,media'),
    serve(split, 'judge'),
    serve(split, 'policy-onnx'),
  ]);
  const run = await start('split');
  const step = async () => (await run.query<Pick<RunStatus, 'step'>>('status')).step;
  await expect.poll(step, { timeout: 300_000, interval: 50 }).toBeGreaterThanOrEqual(1);
  await Promise.all([serve(split, 'policy-onnx'), policy.drain()]);
  expect(await policy.ended).toBe('0');
  await judge.kill();
  await serve(split, 'judge');
  const summary = await run.result();
  expect(summary.policy.weights.sha256).toBe(expected.policy.weights.sha256);
  expect(summary.trained.metrics).toEqual(expected.trained.metrics);
}, 900_000);
