import { Context } from '@temporalio/activity';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { versionOf } from '../../../cli/doctor/version-check.ts';
import type { EarlierActivity } from '../../../contracts/held-by.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { versioned } from '../../../workers/deployment.ts';
import { EngineSeat, seated } from '../../../workers/engine-seat.ts';
import { makeCurrent } from '../hosts/make-current.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { policyAt, scriptedStages, updated } from './scripted-stages.ts';

interface Made {
  workflow: string;
  stage: string;
  step: number | undefined;
  by: string;
  own: boolean;
  earlier: EarlierActivity | undefined;
}

let temporal: TestWorkflowEnvironment;
let made: Made[];
const workers: Worker[] = [];
const ended: Promise<void>[] = [];
const connections: NativeConnection[] = [];
/** What holds up a stage at an engine. */
let held: ((stage: Made) => Promise<void> | undefined) | undefined;

const stages = scriptedStages([], {
  updatePolicy: ({ step }) => updated(step),
  loadPolicy: () => ({ policy: policyAt(0) }),
});

/** The workers of a process at its engine. */
async function engine(by: string, version?: WorkerDeploymentVersion): Promise<WorkerOptions[]> {
  // A process of its own has a connection of its own: over one, no two workers serve a queue.
  const connection = await NativeConnection.connect({ address: temporal.address });
  connections.push(connection);
  const seat = new EngineSeat('policy-onnx', version?.buildId);
  const activities = Object.fromEntries(
    Object.entries(stages).map(([stage, call]) => [
      stage,
      async (input: { step?: number }, earlier?: EarlierActivity) => {
        const { taskQueue, workflowExecution } = Context.current().info;
        const own = taskQueue !== 'policy-onnx';
        const one = { workflow: workflowExecution!.workflowId, stage, step: input.step, by, own, earlier };
        made.push(one);
        await held?.(one);
        return (call as (input: unknown) => unknown)(input);
      },
    ]),
  );
  const interceptors = { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] };
  const options = { connection, debugMode: true, taskQueue: 'policy-onnx', activities, interceptors };
  return seated({ ...options, ...versioned(version) }, seat);
}

/** The workers of all other queues. */
async function others(version?: WorkerDeploymentVersion): Promise<WorkerOptions[]> {
  const shared = { connection: temporal.nativeConnection, debugMode: true, activities: stages, ...versioned(version) };
  const queues = ['media', 'judge'].map((taskQueue) => ({ ...shared, taskQueue }));
  return [{ ...shared, taskQueue: 'videocap', workflowBundle: await workflowBundle() }, ...queues];
}

async function serve(...options: WorkerOptions[]): Promise<void> {
  const started = await Promise.all(options.map((one) => Worker.create(one)));
  workers.push(...started);
  ended.push(...started.map((worker) => worker.run()));
}

beforeAll(async () => {
  temporal = await startTemporal('--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=150');
  // What another revision's worker has loaded is of no use to workflows without one.
  const other = { deploymentName: 'elsewhere', buildId: 'of-another-revision' };
  const [queue, own] = await engine('other', other);
  const { workerDeploymentOptions: _, ...unversioned } = queue!;
  await serve(...(await others()), ...(await engine('one')), ...(await engine('two')), unversioned, own!);
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await Promise.all(ended);
  await Promise.all(connections.map((connection) => connection.close()));
  await temporal.teardown();
});
beforeEach(() => {
  made = [];
  held = undefined;
});

const start = (workflowId: string, steps: number) =>
  temporal.client.workflow.start('trainingRun', {
    ...{ taskQueue: 'videocap', workflowId, args: [{ overrides: { 'algorithm.steps': steps } }] },
  });
const of = (workflow: string) => made.filter((stage) => stage.workflow === workflow);

it('stages stay with one worker, in the executions that continue the run too', async () => {
  const run = await start('stays', 12);
  await run.result();
  const { raw } = await temporal.client.workflow.getHandle('stays').describe();
  expect(raw.workflowExecutionInfo?.execution?.runId).not.toBe(run.firstExecutionRunId);
  const mine = of('stays');
  // A worker of another revision is asked for nothing but what any worker may take.
  const settled = mine.findIndex(({ by }) => by !== 'other');
  const { by } = mine[settled]!;
  expect(mine.slice(0, settled + 1).every(({ own }) => !own)).toBe(true);
  expect(mine.slice(settled + 1).every((stage) => stage.own && stage.by === by)).toBe(true);
  expect(mine.length - settled).toBeGreaterThan(20);
});

it('a run whose worker is busy with another run moves to one that is free, and stays there', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const first = await start('first', 3);
  held = ({ workflow, stage, step }) =>
    workflow === 'first' && stage === 'updatePolicy' && step === 2 ? released : undefined;
  await expect.poll(() => of('first').some(({ stage, step }) => stage === 'updatePolicy' && step === 2)).toBe(true);
  const busy = of('first').at(-1)!.by;
  // While its worker is busy, a run of 20 steps is made by the others, whatever it begins with.
  const second = await start('second', 20);
  await second.result();
  expect(of('second').map(({ by }) => by)).not.toContain(busy);
  release();
  await first.result();
  const moved = of('first').slice(of('first').findIndex(({ own }) => own));
  expect(new Set(moved.map(({ by }) => by)).size).toBe(1);
});

it('a stage that fails once at its worker is tried again by any, as a second attempt', async () => {
  let failures = 0;
  held = ({ stage, step }) => {
    if (stage !== 'updatePolicy' || step !== 2 || failures++ > 0) return undefined;
    throw new Error('The disk of this host is full.');
  };
  const run = await start('fails', 3);
  await run.result();
  const updates = of('fails').filter(({ stage, step }) => stage === 'updatePolicy' && step === 2);
  expect(updates.map(({ own }) => own)).toEqual([true, false]);
  expect(updates[1]!.earlier).toMatchObject({
    activity: expect.stringMatching(/^\d+$/),
    trace: { attempt: 1, ended: true, unexpected: 1 },
  });
});

it('a stage that a user pauses at its worker stays paused until the user goes on', async () => {
  const { client } = temporal;
  let begun = 0;
  held = async ({ stage, step }) => {
    if (stage === 'updatePolicy' && step === 2 && begun++ === 0) await Context.current().cancelled;
  };
  const run = await start('paused', 3);
  const update = async () =>
    (await run.describe()).raw.pendingActivities!.find(({ activityType }) => activityType?.name === 'updatePolicy');
  await expect.poll(() => begun).toBe(1);
  const target = { namespace: 'default', execution: { workflowId: 'paused' }, id: (await update())!.activityId! };
  await client.workflowService.pauseActivity({ ...target, identity: 'a test', reason: 'to look' });
  // Longer than a stage waits for its worker to take it.
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  expect(await update()).toMatchObject({ activityId: target.id, paused: true });
  expect(begun).toBe(1);
  await client.workflowService.unpauseActivity(target);
  await run.result();
  expect(begun).toBe(2);
});

/** The server tells one queue after the other. */
async function makeCurrentEverywhere(version: WorkerDeploymentVersion): Promise<void> {
  await makeCurrent(temporal.address, version);
  const queues = ['videocap', 'media', 'judge', 'policy-onnx'];
  await expect
    .poll(() => versionOf(temporal.client, version, queues).catch(({ message }) => message))
    .toBe(`build ${version.buildId} of deployment videocap is current`);
}

it('stages stay with one worker of a revision, and with one of the next once that is current', async () => {
  const [old, next] = ['old', 'next'].map((buildId) => ({ deploymentName: 'videocap', buildId }));
  for (const version of [old!, next!])
    for (const options of [await others(version), await engine(`${version.buildId}-1`, version)])
      await serve(...options);
  await serve(...(await engine('old-2', old)));
  await makeCurrentEverywhere(old!);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  held = ({ stage, step }) => (stage === 'updatePolicy' && step === 3 ? released : undefined);
  const run = await start('versioned', 6);
  await expect.poll(() => made.some(({ stage, step }) => stage === 'updatePolicy' && step === 3)).toBe(true);
  await makeCurrentEverywhere(next!);
  release();
  await run.result();
  const mine = of('versioned').map(({ by, own }) => `${by} ${own ? 'own' : 'any'}`);
  const moved = mine.indexOf('next-1 any');
  const [first] = mine;
  expect(first).toMatch(/^old-[12] any$/);
  expect(new Set(mine.slice(1, moved))).toEqual(new Set([first!.replace('any', 'own')]));
  expect(moved).toBeGreaterThan(5);
  expect(new Set(mine.slice(moved + 1))).toEqual(new Set(['next-1 own']));
});
