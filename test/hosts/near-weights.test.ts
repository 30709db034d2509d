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

const SMALL = {
  'algorithm.steps': 4,
  'algorithm.samplesPerStep': 2,
  'benchmark.everySteps': 0,
  'benchmark.maxNewTokens': 24,
  'benchmark.metrics': ['events'],
  'dataset.trainSamples': 8,
  'dataset.heldOutSamples': 2,
  'reward.think.similarity': 'token-f1',
  'policy.engine.threads': 1,
};
/** Stages of the next step are sampled in parts, beside those of a step. */
const EXPERIMENT = {
  config: 'quickstart',
  overrides: { ...SMALL, 'algorithm.samplesPerPart': 1, 'algorithm.rolloutLag': 1 },
};

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let folder: string;
let home: string;
let expected: RunSummary;
const workers = new Set<WorkerProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-near-'));
  home = join(folder, 'several');
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow()]);
  const alone = await serve('', join(folder, 'alone'));
  expected = await (await start('alone')).result();
  await alone.kill();
  await serve('videocap,media,judge');
}, 600_000);
afterAll(async () => {
  await Promise.all([...workers].map((worker) => worker.kill()));
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(folder, { recursive: true, force: true });
});

async function serve(queues: string, at = home, program?: string[]): Promise<WorkerProcess> {
  const env = { VIDEOCAP_QUEUES: queues };
  const place = { temporalAddress: temporal.address, mlflowUrl: mlflow.url, home: at, env };
  const worker = await startWorker({ ...place, ...(program && { program }) });
  workers.add(worker);
  return worker;
}

const start = (workflowId: string, experiment: object = EXPERIMENT) =>
  temporal.client.workflow.start<(input: object) => Promise<RunSummary>>('trainingRun', {
    ...{ taskQueue: 'videocap', workflowId, args: [experiment] },
  });

interface Stage {
  name: string;
  queue: string;
  /** Of the worker that took it; absent where none did. */
  pid?: number;
  timedOut: boolean;
}

/** The engine's stages of a run, in the order in which it asked for them. */
async function stagesOf(handle: WorkflowHandle): Promise<Stage[]> {
  const { events } = await handle.fetchHistory();
  const stages = new Map<string, Stage>();
  for (const { eventId, ...event } of events!) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const queue = scheduled?.taskQueue?.name ?? '';
    if (queue.startsWith('policy-'))
      stages.set(`${eventId}`, { name: scheduled!.activityType!.name!, queue, timedOut: false });
    const started = event.activityTaskStartedEventAttributes;
    const begun = stages.get(`${started?.scheduledEventId}`);
    if (begun) begun.pid = Number(started!.identity!.split('@')[0]);
    const late = stages.get(`${event.activityTaskTimedOutEventAttributes?.scheduledEventId}`);
    if (late) late.timedOut = true;
  }
  return [...stages.values()];
}

/** Waits until a worker computes this stage of a step; gives its process. */
async function computing(run: WorkflowHandle, activity: string, step: number): Promise<number> {
  let pid = 0;
  const found = async () => {
    const { raw } = await run.describe();
    const begun = raw.pendingActivities!.find(
      ({ activityType, lastWorkerIdentity, state }) =>
        activityType?.name === activity && lastWorkerIdentity && state === 2,
    );
    if (!begun || ((await run.query<RunStatus>('status')).step ?? 0) < step - 1) return false;
    pid = Number(begun.lastWorkerIdentity!.split('@')[0]);
    return true;
  };
  await expect.poll(found, { timeout: 300_000, interval: 20 }).toBe(true);
  return pid;
}

it('stages stay with the worker that has the weights, and go on with another when that one is killed', async () => {
  const engines = await Promise.all([serve('policy-onnx'), serve('policy-onnx')]);
  const run = await start('stays');
  const killed = await computing(run, 'updatePolicy', 2);
  const [victim, heir] = engines[0]!.pid === killed ? engines : [engines[1]!, engines[0]!];
  await victim!.kill();
  const summary = await run.result();
  expect(summary.policy.weights.sha256).toBe(expected.policy.weights.sha256);
  expect(summary.trained.metrics).toEqual(expected.trained.metrics);

  const stages = await stagesOf(run);
  const [first, ...rest] = stages;
  expect(first).toMatchObject({ name: 'loadPolicy', queue: 'policy-onnx', pid: killed });
  const lost = rest.findIndex(({ timedOut }) => timedOut);
  // Those before the kill: at the first one's own queue.
  const queue = rest[0]!.queue;
  expect(queue).toMatch(/^policy-onnx-[0-9a-f]{8}$/);
  expect(rest.slice(0, lost + 1).map(({ queue }) => queue)).toEqual(Array(lost + 1).fill(queue));
  expect(rest.slice(0, lost).map(({ pid }) => pid)).toEqual(Array(lost).fill(killed));
  // Then any worker makes the stage, and the others follow it.
  const [again, ...after] = rest.slice(lost + 1);
  expect(again).toMatchObject({ name: rest[lost]!.name, queue: 'policy-onnx', pid: heir!.pid });
  expect(after.length).toBeGreaterThan(3);
  expect(new Set(after.map(({ queue }) => queue))).toEqual(new Set([after[0]!.queue]));
  expect(after[0]!.queue).not.toBe(queue);
  expect(after.every(({ timedOut, pid }) => !timedOut && pid === heir!.pid)).toBe(true);
  await heir!.kill();
}, 600_000);

/** Of nothing but two updates. */
const UPDATES = { config: 'sft', overrides: { ...SMALL, 'algorithm.steps': 2 } };

it('deaths at one stage are counted over both queues: the third pauses the run', async () => {
  const death: Deadly = { signal: 'SIGKILL', activity: 'updatePolicy', step: 2 };
  await writeFile(join(home, 'deadly'), JSON.stringify(death));
  const run = await start('deadly', UPDATES);
  const status = () => run.query<RunStatus>('status').catch(() => undefined);
  const paused = expect
    .poll(status, { timeout: 500_000, interval: 200 })
    .toMatchObject({ stage: 'paused: worker died' })
    .then(() => 'paused');
  let deaths = -1;
  for (let how = ''; how !== 'paused'; deaths++) {
    const { ended } = await serve('policy-onnx', home, ['core/run-typescript.mjs', 'test/chaos/dying-worker.ts']);
    how = await Promise.race([paused, ended]);
  }
  expect(deaths).toBe(3);
  expect((await status())?.died).toEqual(naming('died 3 times', 'updatePolicy', 'step 2', 'gradients'));
  const asked = (await stagesOf(run)).filter(({ name }) => name === 'updatePolicy').map(({ queue }) => queue);
  // Of step 1, and twice of step 2: at the worker that had the weights, then at any.
  expect(asked).toHaveLength(3);
  expect(asked[2]).toBe('policy-onnx');
  await rm(join(home, 'deadly'));
  await run.signal('resume');
  expect((await run.result()).steps).toBe(2);
}, 600_000);
