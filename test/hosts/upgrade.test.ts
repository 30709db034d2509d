import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { ownBuildId } from '../../workers/deployment.ts';
import { startWorker, type WorkerProcess } from '../chaos/worker-process.ts';
import { makeCurrent } from '../integration/hosts/make-current.ts';
import { otherRevision } from '../integration/hosts/other-revision.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';

const EXPERIMENT = {
  config: 'quickstart',
  overrides: {
    'algorithm.steps': 6,
    'algorithm.samplesPerStep': 2,
    'benchmark.everySteps': 0,
    'benchmark.maxNewTokens': 24,
    'benchmark.metrics': ['events'],
    'dataset.trainSamples': 8,
    'dataset.heldOutSamples': 2,
    'reward.think.similarity': 'token-f1',
  },
};
/** The next revision writes its name on the page of a run, behind a patch. */
const NEXT = [
  ['\n  workflowInfo,\n', '\n  patched,\n  upsertMemo,\n  workflowInfo,\n'],
  [
    '      run.advance(outcome);\n',
    "      run.advance(outcome);\n      if (patched('named')) upsertMemo({ revision: 'next' });\n",
  ],
] satisfies [string, string][];

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let home: string;
let next: string;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-upgrade-'));
  [temporal, mlflow, next] = await Promise.all([
    startTemporal(),
    startMlflow(),
    otherRevision('workflows/training-run.ts', NEXT),
  ]);
}, 180_000);
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await temporal?.teardown();
  await mlflow?.remove();
  for (const folder of [home, next]) await rm(folder, { recursive: true, force: true });
});

/** A worker of a checkout, in the deployment; its build id is that of its code. */
async function serve(checkout: string) {
  const env = { TEMPORAL_DEPLOYMENT_NAME: 'videocap' };
  const worker = await startWorker({ temporalAddress: temporal.address, mlflowUrl: mlflow.url, home, checkout, env });
  workers.push(worker);
  return worker;
}

const start = (workflowId: string) =>
  temporal.client.workflow.start<(input: object) => Promise<RunSummary>>('trainingRun', {
    ...{ taskQueue: 'videocap', workflowId, args: [EXPERIMENT] },
  });

/** The builds whose workers did the workflow's tasks, in order. */
async function buildsOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  const found = events!.map((event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId);
  return [...new Set(found.filter((build): build is string => typeof build === 'string'))];
}

it('a run goes on under the next revision, a pinned one ends under its own, with the same weights', async () => {
  const [one, two] = await Promise.all([ownBuildId(), ownBuildId(next)]);
  expect(one).toMatch(/^0\.1\.0-[0-9a-f]{12}$/);
  expect(two).not.toBe(one);
  const [old] = await Promise.all([serve('.'), serve(next)]);
  await makeCurrent(temporal.address, { deploymentName: 'videocap', buildId: one });
  const [moving, staying] = await Promise.all([start('moving'), start('staying')]);
  const stepOf = async (run: WorkflowHandle) => (await run.query<RunStatus>('status')).step ?? 0;
  const least = async () => Math.min(await stepOf(moving), await stepOf(staying));
  await expect.poll(least, { timeout: 300_000, interval: 50 }).toBeGreaterThanOrEqual(1);
  // What `temporal workflow update-options --versioning-override-behavior pinned` does to a run that goes on.
  const pinned = { behavior: 1, version: { deploymentName: 'videocap', buildId: one } };
  await temporal.client.workflowService.updateWorkflowExecutionOptions({
    namespace: 'default',
    workflowExecution: { workflowId: 'staying' },
    workflowExecutionOptions: { versioningOverride: { pinned } },
    updateMask: { paths: ['versioning_override'] },
  });
  await makeCurrent(temporal.address, { deploymentName: 'videocap', buildId: two });
  const [moved, stayed] = await Promise.all([moving.result(), staying.result()]);

  expect(await buildsOf(moving)).toEqual([one, two]);
  expect(await buildsOf(staying)).toEqual([one]);
  expect((await moving.describe()).memo).toMatchObject({ revision: 'next' });
  expect((await staying.describe()).memo).not.toHaveProperty('revision');
  expect(moved.policy.weights.sha256).toBe(stayed.policy.weights.sha256);
  expect(moved.trained.metrics).toEqual(stayed.trained.metrics);
  await old.drain();
  expect(await old.ended).toBe('0');
}, 900_000);
