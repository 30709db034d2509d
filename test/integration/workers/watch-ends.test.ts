import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createEndedTracking } from '../../../activities/ended-tracking.ts';
import { createTrackingActivities } from '../../../activities/tracking.ts';
import { readMemo } from '../../../contracts/run-memo.ts';
import { watchEnds } from '../../../workers/watch-ends.ts';
import { naming } from '../../refusal.ts';
import { type FakeMlflow, fakeMlflow } from '../../unit/tracking/fake-mlflow.ts';
import { ScriptedWorld } from '../cli/scripted-world.ts';

let mlflow: FakeMlflow;
let world: ScriptedWorld;
const tracking = () => ({ mlflowUrl: mlflow.url, env: {}, attempts: 1 });
beforeAll(async () => {
  mlflow = await fakeMlflow();
  world = await ScriptedWorld.start((store) => {
    const { startTracking } = createTrackingActivities({ store, ...tracking() });
    return { startTracking };
  });
});
afterAll(async () => {
  await world?.end();
  await mlflow?.close();
});

const watches: AbortController[] = [];
const warned: string[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.abort();
  warned.length = 0;
});

function watching(mlflowUrl = mlflow.url): void {
  const watch = new AbortController();
  watches.push(watch);
  const log = { warn: (fields: object, message: string) => warned.push(`${message} ${JSON.stringify(fields)}`) };
  const close = createEndedTracking({ store: world.store, ...tracking(), mlflowUrl });
  void watchEnds({ client: world.environment.client, close, log, signal: watch.signal, seconds: 0.2 });
}

const mirrored = (run: string) => mlflow.runs.find(({ data }) => data.tags.some(({ value }) => value === run))!;
const tagOf = (run: string, name: string) => mirrored(run).data.tags.find(({ key }) => key === name)?.value;

/** A run that waits after its first step, and is in MLflow. */
async function begun(workflowId: string) {
  world.hold(workflowId, 1);
  const handle = await world.start(workflowId, 3);
  await expect.poll(() => world.stepsOf(workflowId)).toEqual([1]);
  const statusOf = () => handle.query<{ step: number }>('status');
  await expect.poll(async () => (await statusOf()).step).toBe(1);
  const { run } = readMemo((await handle.describe()).memo)!;
  expect(mirrored(run).info.status).toBe('RUNNING');
  return { handle, run };
}

describe('a run that a user terminates', () => {
  it('is KILLED in MLflow, with its last step and the reason; runs again there once it is resumed', async () => {
    const { handle, run } = await begun('cut-off');
    await handle.terminate('out of money');
    watching();
    await expect.poll(() => mirrored(run).info.status).toBe('KILLED');
    expect(tagOf(run, 'videocap.end')).toEqual(naming('Terminated', 'step 1 of 3', 'out of money'));
    expect(tagOf(run, 'mlflow.note.content')).toEqual(naming('out of money'));

    const again = await world.environment.client.workflow.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId: 'cut-off' },
      args: [{ config: 'quickstart', resume: { run } }],
    });
    await expect.poll(() => [mirrored(run).info.status, tagOf(run, 'videocap.end')]).toEqual(['RUNNING', '']);
    // A look that closes another run leaves it alone.
    const other = await begun('cut-off-later');
    await other.handle.terminate();
    await expect.poll(() => mirrored(other.run).info.status).toBe('KILLED');
    expect(tagOf(other.run, 'videocap.end')).toMatch(/^Terminated after step 1 of 3$/);
    expect(mirrored(run).info.status).toBe('RUNNING');
    world.release('cut-off');
    await again.result();
  });

  it('is closed once MLflow answers again, which the log asks for once', async () => {
    const { handle, run } = await begun('away');
    await handle.terminate();
    watching('http://127.0.0.1:1');
    await expect.poll(() => warned).toHaveLength(1);
    expect(mirrored(run).info.status).toBe('RUNNING');
    watching();
    await expect.poll(() => mirrored(run).info.status).toBe('KILLED');
    expect(warned).toHaveLength(1);
  });
});
