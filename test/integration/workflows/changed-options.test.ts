import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { naming } from '../../refusal.ts';
import { ScriptedWorld } from '../cli/scripted-world.ts';

let world: ScriptedWorld;
beforeAll(async () => {
  world = await ScriptedWorld.start();
}, 60_000);
afterAll(() => world?.end());

const STEPS = 4;
const handleOf = (run: string) => world.environment.client.workflow.getHandle(run);
const resultOf = (run: string) => handleOf(run).result() as Promise<RunSummary>;

/** The update of a run that waits in its third step. */
async function pendingUpdate(run: string) {
  const { raw } = await handleOf(run).describe();
  return raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'updatePolicy');
}

/** Starts a run, and changes options of the update of its third step in Temporal, as a user does; they hold at once. */
async function changed(run: string, activityOptions: object, ...paths: string[]) {
  world.hold(run, 2);
  await world.start(run, STEPS);
  await expect.poll(() => handleOf(run).query('status'), { timeout: 60_000 }).toMatchObject({ step: 2 });
  await expect.poll(() => pendingUpdate(run), { timeout: 60_000 }).toBeDefined();
  const id = (await pendingUpdate(run))!.activityId!;
  const target = { namespace: 'default', execution: { workflowId: run }, id };
  const { workflowService } = world.environment.client;
  await workflowService.updateActivityOptions({ ...target, activityOptions, updateMask: { paths } });
  await workflowService.resetActivity(target);
  return { restore: () => workflowService.updateActivityOptions({ ...target, restoreOriginal: true }) };
}

/** The run ends as if undisturbed. */
async function endsWell(run: string) {
  world.release(run);
  const { steps, trained, policy } = await resultOf(run);
  expect([steps, trained.step, policy.step]).toEqual([STEPS, STEPS, STEPS]);
  expect([...new Set(world.stepsOf(run))]).toEqual([1, 2, 3, 4]);
}

describe('an activity whose options a user has changed in Temporal', () => {
  it('a time-out that an attempt cannot keep: status names it, and what restores it', async () => {
    const { restore } = await changed('hurried', { startToCloseTimeout: { seconds: 1 } }, 'start_to_close_timeout');
    const status = async () => (await world.videocap(['status', 'hurried'])).stdout;
    await expect
      .poll(status, { timeout: 30_000 })
      .toEqual(naming('updatePolicy', '1 s', 'update-options', 'restore-original-options'));
    await restore();
    await endsWell('hurried');
  });

  it('a time-out over all attempts: the run fails in one sentence, and resume continues it', async () => {
    await changed('ended', { scheduleToCloseTimeout: { seconds: 2 } }, 'schedule_to_close_timeout');
    await expect(resultOf('ended')).rejects.toMatchObject({
      cause: { type: 'TimedOut', message: naming('updatePolicy', 'SCHEDULE_TO_CLOSE', 'videocap resume ended') },
    });
    expect((await world.videocap(['resume', 'ended'])).code).toBe(0);
    await endsWell('ended');
  });

  it('a queue without workers: status and --watch name it, and what restores it', async () => {
    const { restore } = await changed('moved', { taskQueue: { name: 'nowhere' } }, 'task_queue.name');
    const status = async () => (await world.videocap(['status', 'moved'])).stdout;
    await expect
      .poll(status, { timeout: 30_000 })
      .toEqual(naming('updatePolicy', 'nowhere', 'update-options', 'restore-original-options'));
    await restore();
    await endsWell('moved');
  });
});
