import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { versionOf } from '../../../cli/doctor/version-check.ts';
import { currentVersion, pinnedToCurrent } from '../../../cli/run/current-version.ts';
import { startWorkflow } from '../../../cli/run/run-experiment.ts';
import type { SweepSummary } from '../../../contracts/sweep-results.ts';
import { versioned } from '../../../workers/deployment.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { scriptedStages, updated } from '../workflows/scripted-stages.ts';
import { makeCurrent } from './make-current.ts';

const QUEUES = ['videocap', 'media', 'judge', 'policy-onnx'];
let temporal: TestWorkflowEnvironment;
/** Which build did which stage of which workflow. */
let done: { build: string; workflow: string; stage: string }[] = [];
/** Let `updatePolicy` of later steps go on. */
let go = () => {};
let gone: Promise<void>;

beforeAll(async () => {
  temporal = await startTemporal('--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60');
});
afterAll(() => temporal?.teardown());

/** Workers of one revision for every queue, whose stages are scripted. */
async function revision(buildId: string) {
  const version = { deploymentName: 'videocap', buildId };
  const stages = scriptedStages([], {
    updatePolicy: async ({ step }) => {
      if (step > 1) await gone;
      return updated(step);
    },
  });
  const activities = Object.fromEntries(
    Object.entries(stages).map(([stage, call]) => [
      stage,
      (input: never) => {
        done.push({ build: buildId, workflow: Context.current().info.workflowExecution!.workflowId, stage });
        return (call as (input: never) => unknown)(input);
      },
    ]),
  );
  const workers = await Promise.all(
    QUEUES.map(async (taskQueue) =>
      Worker.create({
        ...{ connection: temporal.nativeConnection, taskQueue, activities, debugMode: true },
        ...(taskQueue === 'videocap' && { workflowBundle: await workflowBundle() }),
        ...versioned(version),
      }),
    ),
  );
  const ended = Promise.all(workers.map((worker) => worker.run()));
  const stop = async () => {
    for (const worker of workers) worker.shutdown();
    await ended;
  };
  return { version, stop };
}

/** The builds that have done stages of a workflow and its children, in order. */
const buildsOf = (workflowId: string) => [
  ...new Set(done.filter(({ workflow }) => workflow.startsWith(workflowId)).map(({ build }) => build)),
];

/** As `videocap run` and `videocap sweep` start it. */
async function start(type: 'trainingRun' | 'ablationSweep', id: string, input: object, staying: { pin?: true } = {}) {
  const session = {
    client: temporal.client,
    namespace: 'default',
    home: '',
    keepUp: async () => [],
    isLocal: false,
    close: async () => {},
  };
  const { workflowId } = await startWorkflow(session, type, id, input, 'a test', staying);
  return temporal.client.workflow.getHandle(workflowId);
}

it('runs, children and continued executions move to the next revision, and those that are pinned stay', async () => {
  gone = new Promise((resolve) => (go = resolve));
  const { client, address } = temporal;
  expect(await currentVersion(client)).toBeUndefined();
  await expect(pinnedToCurrent(client)).rejects.toMatchObject({ code: 'InvalidInput' });
  expect(await versionOf(client, undefined, QUEUES)).toBe('workers have none: each is given any work');

  const one = await revision('one');
  await expect(versionOf(client, one.version, QUEUES)).rejects.toThrow(
    'This host has build one of deployment videocap, which is given no new work on videocap, where no build is ' +
      'current. Once its workers poll on every queue: temporal worker deployment set-current-version ' +
      '--deployment-name videocap --build-id one',
  );
  await makeCurrent(address, one.version);
  // The server tells one queue after the other.
  await expect.poll(() => pinnedToCurrent(client).catch(() => undefined)).toEqual({ pinnedTo: one.version });
  const steps = { overrides: { 'algorithm.steps': 8 } };
  const handles = await Promise.all([
    start('trainingRun', 'long', steps),
    start('trainingRun', 'long-pinned', steps, { pin: true }),
    start('ablationSweep', 'sweep', { sweep: 'two-arms' }),
    start('ablationSweep', 'pinned-sweep', { sweep: 'two-arms' }, { pin: true }),
  ]);
  const updates = () => done.filter(({ stage }) => stage === 'updatePolicy').length;
  await expect.poll(updates).toBe(12); // two of each run that goes on, the second of which waits

  const two = await revision('two');
  await makeCurrent(address, two.version);
  const found = (own?: WorkerDeploymentVersion) => versionOf(client, own, QUEUES).catch(({ message }) => message);
  await expect.poll(() => found(two.version)).toBe('build two of deployment videocap is current');
  expect(await found(one.version)).toContain('on videocap, where build two is current. ');
  expect(await found()).toBe(
    "New work on videocap goes to build two of deployment videocap alone; start this host's worker with: " +
      'videocap worker --deployment videocap',
  );
  go();
  const [run, pinnedRun, sweep, pinnedSweep] = await Promise.all(handles.map((handle) => handle.result()));
  expect({ moved: run, stayed: pinnedRun }).toMatchObject({ moved: { steps: 8 }, stayed: { steps: 8 } });
  for (const { outcomes } of [sweep, pinnedSweep] as SweepSummary[])
    expect(outcomes.map(({ state }) => state)).toEqual(Array(4).fill('finished'));
  for (const handle of handles.slice(0, 2)) expect(await continued(handle!)).toBe(true);
  expect(buildsOf('long-pinned')).toEqual(['one']);
  expect(buildsOf('pinned-sweep')).toEqual(['one']);
  expect(buildsOf('sweep')).toEqual(['one', 'two']);
  done = done.filter(({ workflow }) => workflow !== 'long-pinned');
  expect(buildsOf('long')).toEqual(['one', 'two']);

  // The old workers have nothing left to do; other workflows begin with the new ones.
  await one.stop();
  done = [];
  const later = await start('trainingRun', 'later', { overrides: { 'algorithm.steps': 1 } });
  await later.result();
  expect(buildsOf('later')).toEqual(['two']);
  await two.stop();
}, 240_000);

async function continued({ workflowId }: WorkflowHandle): Promise<boolean> {
  const { raw } = await temporal.client.workflow.getHandle(workflowId).describe();
  return raw.workflowExecutionInfo?.firstRunId !== raw.workflowExecutionInfo?.execution?.runId;
}
