import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { priorityOf, type RunType } from '../../../cli/run/priority.ts';
import { startTemporal } from '../temporal-server.ts';
import { bundledWorkflow } from '../workers/run-one-activity.ts';

let temporal: TestWorkflowEnvironment;

beforeAll(async () => {
  temporal = await startTemporal('--dynamic-config-value', 'matching.enableFairness=true');
});
afterAll(() => temporal?.teardown());

/** Starts runs while no worker serves the queue, then one worker with one place: the order in which it does them. */
async function orderOf(taskQueue: string, runs: readonly [id: string, type: RunType, user: string][]) {
  const { client, nativeConnection } = temporal;
  const handles = [];
  for (const [id, type, user] of runs)
    handles.push(
      await client.workflow.start('oneActivity', {
        ...{ taskQueue, workflowId: `${taskQueue}-${id}`, priority: priorityOf(type, user) },
      }),
    );
  const done: string[] = [];
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue,
    debugMode: true,
    workflowBundle: { code: await bundledWorkflow() },
    activities: {
      attempt: async () => {
        done.push(Context.current().info.workflowExecution!.workflowId.slice(taskQueue.length + 1));
        return [];
      },
    },
    ...{ maxConcurrentActivityTaskExecutions: 1, maxConcurrentWorkflowTaskExecutions: 2 },
    ...{ maxConcurrentWorkflowTaskPolls: 1, maxConcurrentActivityTaskPolls: 1, maxCachedWorkflows: 100 },
  });
  await worker.runUntil(Promise.all(handles.map((handle) => handle.result())));
  return done;
}

const many = (count: number, name: string, type: RunType, user: string) =>
  Array.from({ length: count }, (_, i): [string, RunType, string] => [`${name}${i}`, type, user]);

it('a run that a user watches goes before the sweeps that wait', async () => {
  const order = await orderOf('by-priority', [
    ...many(12, 'sweep', 'ablationSweep', 'ada'),
    ['smoke', 'trainingRun', 'ada'],
  ]);
  expect(order).toHaveLength(13);
  expect(order.indexOf('smoke')).toBeLessThan(3);
});

it('users take turns where the server has fairness on', async () => {
  const order = await orderOf('by-user', [
    ...many(12, 'ada', 'trainingRun', 'ada'),
    ...many(2, 'bob', 'trainingRun', 'bob'),
  ]);
  expect(order).toHaveLength(14);
  expect(order.indexOf('bob1')).toBeLessThan(8);
});

it('a name of any length is a key', () => {
  expect(priorityOf('trainingRun', 'ä'.repeat(40))).toEqual({ priorityKey: 3, fairnessKey: 'ä'.repeat(32) });
  expect(priorityOf('ablationSweep', `a${'ä'.repeat(40)}`).fairnessKey).toBe(`a${'ä'.repeat(31)}`);
  expect(priorityOf('ablationSweep')).toMatchObject({ priorityKey: 4, fairnessKey: expect.any(String) });
});
