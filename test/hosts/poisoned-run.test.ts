import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import type { Deadly } from '../chaos/dying-worker.ts';
import { startWorker, type WorkerProcess } from '../chaos/worker-process.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';
import { naming } from '../refusal.ts';

const INNOCENT = ['innocent-1', 'innocent-2'];
const POISONED = 'poisoned';

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let home: string;
let worker: WorkerProcess | undefined;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-poisoned-'));
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow()]);
}, 180_000);
afterAll(async () => {
  await worker?.kill();
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(home, { recursive: true, force: true });
});

/** Every run has data of its own, so that none takes what another has made. */
function start(workflowId: string, seed: number) {
  const overrides = {
    ...{ seed, 'algorithm.steps': 2, 'algorithm.samplesPerStep': 2 },
    ...{ 'benchmark.maxNewTokens': 12, 'benchmark.everySteps': 0 },
    ...{ 'dataset.trainSamples': 2, 'dataset.heldOutSamples': 1 },
    ...{ 'reward.think.similarity': 'token-f1', 'policy.engine.threads': 1 },
  };
  const args = [{ config: 'sft', overrides }];
  return temporal.client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId, args });
}

async function newWorker(): Promise<WorkerProcess> {
  const program = ['core/run-typescript.mjs', 'test/chaos/dying-worker.ts'];
  worker = await startWorker({ temporalAddress: temporal.address, mlflowUrl: mlflow.url, home, program });
  return worker;
}

const statusOf = (run: WorkflowHandle) => run.query<RunStatus>('status');
const paused = (run: WorkflowHandle) =>
  expect
    .poll(() => statusOf(run).catch(() => undefined), { timeout: 500_000, interval: 500 })
    .toMatchObject({ stage: 'paused: worker died' });
const over = (run: WorkflowHandle) =>
  run.result().then(
    () => 'over',
    () => 'over',
  );

it('a run that ends its worker again and again pauses; those beside it end as if it were not there', async () => {
  const death: Deadly = { signal: 'SIGKILL', activity: 'extractFrames', run: POISONED };
  await writeFile(join(home, 'deadly'), JSON.stringify(death));
  const innocent = await Promise.all(INNOCENT.map((name, i) => start(name, 10 + i)));
  const poisoned = await start(POISONED, 20);
  const done = Promise.all([...innocent.map(over), paused(poisoned)]).then(() => 'done');
  let deaths = 0;
  // Frames of all three are extracted at once, so each death of the first two takes all of them.
  for (let how = ''; how !== 'done'; ) {
    const { ended } = await newWorker();
    how = await Promise.race([ended, done]);
    if (how !== 'done') deaths++;
  }
  const [first, second] = (await Promise.all(innocent.map((run) => run.result()))) as RunSummary[];
  expect((await statusOf(poisoned)).died).toEqual(naming('died 3 times', 'extractFrames', 'sample train-7'));
  expect(deaths).toBe(3);

  // What the poison was is gone: the three end with what they would have ended with alone.
  await rm(join(home, 'deadly'));
  await poisoned.signal('resume');
  const third = (await poisoned.result()) as RunSummary;
  for (const [seed, { policy }] of [[10, first!] as const, [11, second!] as const, [20, third] as const]) {
    const calm = (await (await start(`calm-${seed}`, seed)).result()) as RunSummary;
    expect(policy.weights.sha256).toBe(calm.policy.weights.sha256);
  }
}, 600_000);
