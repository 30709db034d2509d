import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';
import { naming } from '../refusal.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

const EXPERIMENT = {
  config: 'sft',
  overrides: {
    'algorithm.steps': 2,
    'algorithm.samplesPerStep': 2,
    'benchmark.maxNewTokens': 12,
    'benchmark.everySteps': 0,
    'dataset.trainSamples': 2,
    'dataset.heldOutSamples': 1,
    'reward.think.similarity': 'token-f1',
    'policy.engine.threads': 1,
  },
};

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let home: string;
let worker: WorkerProcess | undefined;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-dying-'));
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow()]);
}, 180_000);
afterAll(async () => {
  await worker?.kill();
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(home, { recursive: true, force: true });
});

const statusOf = (run: WorkflowHandle) => run.query<RunStatus>('status');
const start = (workflowId: string) =>
  temporal.client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId, args: [EXPERIMENT] });
const deadly = () => join(home, 'deadly');

async function newWorker(): Promise<WorkerProcess> {
  worker = await startWorker({
    temporalAddress: temporal.address,
    mlflowUrl: mlflow.url,
    home,
    program: ['core/run-typescript.mjs', 'test/chaos/dying-worker.ts'],
  });
  return worker;
}

/** A worker that is started again whenever it has died, until it stays alive. Gives its deaths. */
async function keptAlive(run: WorkflowHandle): Promise<number> {
  for (let deaths = 0; ; deaths++) {
    const { ended } = await newWorker();
    const paused = expect
      .poll(() => statusOf(run).catch(() => undefined), { timeout: 60_000, interval: 200 })
      .toMatchObject({ stage: 'paused: worker died' })
      .then(() => 'paused');
    paused.catch(() => undefined);
    if ((await Promise.race([paused, ended])) === 'paused') return deaths;
  }
}

it('a worker that dies three times at one update pauses the run, which resumed ends as if undisturbed', async () => {
  await mkdir(home, { recursive: true });
  await writeFile(deadly(), 'SIGKILL');
  const struck = await start('struck');
  expect(await keptAlive(struck)).toBe(3);
  const status = await statusOf(struck);
  expect(status).toMatchObject({
    step: 1,
    died: naming('died 3 times', 'updatePolicy', 'step 2', 'gradients', '1 of 3', 'sample train-7'),
  });
  const { currentDetails } = await struck.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain(`**Paused: worker died.** ${status.died}`);

  await rm(deadly());
  await struck.signal('resume');
  const { policy, steps } = (await struck.result()) as RunSummary;
  const calm = (await (await start('calm')).result()) as RunSummary;
  expect(steps).toBe(2);
  expect(policy.weights.sha256).toBe(calm.policy.weights.sha256);
  expect(calm.policy.weights.sha256).not.toBe(calm.base.policy.weights.sha256);
}, 400_000);

it('a worker that says goodbye does not count, however often', async () => {
  await worker?.kill();
  await writeFile(deadly(), 'SIGTERM');
  const run = await start('left');
  for (let i = 0; i < 4; i++) expect(await (await newWorker()).ended).toBe('0');
  await rm(deadly());
  await newWorker();
  expect(await run.result()).toMatchObject({ steps: 2 });
}, 400_000);
