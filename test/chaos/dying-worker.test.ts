import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';
import { naming } from '../refusal.ts';
import type { Deadly } from './dying-worker.ts';
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
let undisturbed: RunSummary;
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
const beDeadly = (death: Deadly) => writeFile(deadly(), JSON.stringify(death));

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
  await beDeadly({ signal: 'SIGKILL', activity: 'updatePolicy', step: 2 });
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
  undisturbed = calm;
}, 400_000);

describe('a run that a user stops while its worker keeps dying', () => {
  /** A worker that is started again whenever it has died, until the run has ended; it is stopped after one death. */
  async function stopped(workflowId: string, activity: string, step?: number): Promise<WorkflowHandle> {
    await worker?.kill();
    await beDeadly({ signal: 'SIGKILL', activity, ...(step !== undefined && { step }) });
    const run = await start(workflowId);
    await (await newWorker()).ended;
    await run.signal('stop');
    await noticedSooner(run, activity);
    const over = run.result().then(
      () => 'over',
      () => 'over',
    );
    for (let how = ''; how !== 'over'; ) how = await Promise.race([newWorker().then(({ ended }) => ended), over]);
    await rm(deadly());
    return run;
  }

  /** Three deaths are noticed in seconds, not in the 36 that the workflow's own time-out takes. */
  async function noticedSooner(run: WorkflowHandle, activity: string): Promise<void> {
    const { raw } = await run.describe();
    const pending = raw.pendingActivities!.find(({ activityType }) => activityType?.name === activity)!;
    await temporal.client.workflowService.updateActivityOptions({
      ...{ namespace: 'default', execution: { workflowId: run.workflowId }, id: pending.activityId! },
      activityOptions: { heartbeatTimeout: msToTs('3s') },
      updateMask: { paths: ['heartbeat_timeout'] },
    });
  }

  it('in its last benchmark keeps its steps and their weights, and leaves out that benchmark', async () => {
    const run = await stopped('last', 'captionClips', 2);
    const { steps, policy, trained, end } = (await run.result()) as RunSummary;
    expect([steps, trained.step]).toEqual([2, 0]);
    expect(policy.weights.sha256).toBe(undisturbed.policy.weights.sha256);
    expect(end).toMatchObject({ how: 'stopped', step: 2, blocked: naming('captionClips', 'step 2'), measuredStep: 0 });
  }, 200_000);

  it('as its data set is prepared ends as stopped', async () => {
    const run = await stopped('first', 'prepareDataset');
    const failure = { type: 'Stopped', message: naming('first benchmark', 'died 3 times', 'prepareDataset') };
    await expect(run.result()).rejects.toMatchObject({ cause: failure });
    expect(await statusOf(run)).toMatchObject({ stage: 'stopped', end: { how: 'stopped', step: 0 } });
  }, 200_000);
});

it('a worker that says goodbye does not count, however often', async () => {
  await worker?.kill();
  await beDeadly({ signal: 'SIGTERM', activity: 'updatePolicy', step: 2 });
  const run = await start('left');
  for (let i = 0; i < 4; i++) expect(await (await newWorker()).ended).toBe('0');
  await rm(deadly());
  await newWorker();
  expect(await run.result()).toMatchObject({ steps: 2 });
}, 400_000);
