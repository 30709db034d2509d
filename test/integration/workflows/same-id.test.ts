import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { lineNaming } from '../../refusal.ts';
import { ScriptedWorld } from '../cli/scripted-world.ts';

let world: ScriptedWorld;
beforeAll(async () => {
  world = await ScriptedWorld.start();
}, 60_000);
afterAll(() => world?.end());

const handleOf = (id: string) => world.environment.client.workflow.getHandle(id);
const keyOf = async (id: string) => (await handleOf(id).describe()).memo?.run as string;
const reaches = (id: string, step: number) =>
  expect
    .poll(
      () =>
        handleOf(id)
          .query<{ step: number }>('status')
          .catch(() => undefined),
      { timeout: 60_000 },
    )
    .toMatchObject({ step });
/** A run that waits in its third step. */
async function waiting(id: string) {
  world.hold(id, 2);
  await world.start(id, 4);
  await reaches(id, 2);
  return keyOf(id);
}

describe('a run that is terminated, and started again under the same id', () => {
  it.each([
    ['the same config', 4],
    ['another config', 3],
  ])('with %s is a new run: nothing of the old one is taken for its own', async (_, steps) => {
    const id = `again-${steps}`;
    const before = await waiting(id);
    await handleOf(id).terminate();
    world.release(id);
    const again = await world.start(id, steps);
    const summary = (await again.result()) as RunSummary;
    expect(summary).toMatchObject({ steps, runKey: expect.stringMatching(new RegExp(`^${id}-[0-9a-f]{8}$`)) });
    expect(summary.runKey).not.toBe(before);
    expect(world.stepsOf(id).slice(-steps)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  });
});

describe('a run that is started under the id of one that runs', () => {
  it('is refused, and the one that runs goes on', async () => {
    world.hold('twice', 2);
    const outcomes = await Promise.allSettled([world.start('twice', 3), world.start('twice', 3)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = outcomes.find((outcome) => outcome.status === 'rejected')!;
    expect(refused.reason).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    world.release('twice');
    expect(await handleOf('twice').result()).toMatchObject({ steps: 3 });
    expect(world.stepsOf('twice')).toEqual([1, 2, 3]);
  });

  it('terminates it where the starter wants that, and has a key of its own', async () => {
    const before = await waiting('replaced');
    const { client } = world.environment;
    const again = await client.workflow.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId: 'replaced', workflowIdConflictPolicy: 'TERMINATE_EXISTING' },
      args: [{ config: 'quickstart', overrides: { 'algorithm.steps': 2 } }],
    });
    world.release('replaced');
    const { runKey, steps } = (await again.result()) as RunSummary;
    expect(steps).toBe(2);
    expect(runKey).not.toBe(before);
  });
});

describe('a run that is deleted from Temporal', () => {
  it('is unknown to commands, and continues by its key after its last step', async () => {
    const key = await waiting('deleted');
    const { workflowService, workflow } = world.environment.client;
    await workflowService.deleteWorkflowExecution({
      ...{ namespace: 'default', workflowExecution: { workflowId: 'deleted' } },
    });
    world.release('deleted');
    const gone = () =>
      handleOf('deleted')
        .describe()
        .then(
          () => false,
          (error) => error instanceof WorkflowNotFoundError,
        );
    await expect.poll(gone, { timeout: 30_000 }).toBe(true);
    const said = await world.videocap(['resume', 'deleted']);
    expect(said).toEqual({ code: 1, stdout: '', stderr: lineNaming('no run deleted', 'videocap status') });
    const again = await workflow.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId: `deleted-${randomUUID()}`, args: [{ resume: { run: key } }] },
    });
    expect(await again.result()).toMatchObject({ runKey: key, steps: 4 });
  });
});
