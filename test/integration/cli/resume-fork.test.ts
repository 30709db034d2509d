import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { lineNaming, naming } from '../../refusal.ts';
import { type Ended, ScriptedWorld } from './scripted-world.ts';

let world: ScriptedWorld;
/** Runs whose report cannot be written. */
const broken = new Set<string>();
beforeAll(async () => {
  const stages = () => ({
    writeReport: ({ runKey }: { runKey: string }) => {
      if (broken.has(runKey.replace(/-[0-9a-f]{8}$/, '')))
        throw ApplicationFailure.nonRetryable('The report cannot be written.', 'InvalidInput');
      return { report: { uri: 'store:report.html', sha256: '0'.repeat(64), bytes: 1 } };
    },
  });
  // Histories are found long after some eight steps.
  world = await ScriptedWorld.start(stages, ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=150']);
});
afterAll(() => world?.end());

const refused = (...named: string[]) => ({ code: 1, stdout: '', stderr: lineNaming(...named) });
const handleOf = (run: string) => world.environment.client.workflow.getHandle(run);
const reaches = (run: string, step: number) =>
  expect
    .poll(
      () =>
        handleOf(run)
          .query('status')
          .catch(() => undefined),
      { timeout: 120_000 },
    )
    .toMatchObject({ step });
const resultOf = (run: string) => handleOf(run).result() as Promise<RunSummary>;
const json = ({ code, stdout, stderr }: Ended) => {
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

/** Starts a run and returns while it waits to make the step after this one. */
async function waitingAt(run: string, step: number, steps: number) {
  world.hold(run, step);
  const handle = await world.start(run, steps);
  await reaches(run, step);
  return handle;
}

describe('status', () => {
  it('lists every run once with its progress, also after continue-as-new', async () => {
    const handle = await waitingAt('followed', 14, 16);
    await (await world.start('short', 1)).result();
    const { runId, startTime } = await handleOf('followed').describe();
    expect(runId).not.toBe(handle.firstExecutionRunId);
    const first = await world.environment.client.workflow.getHandle('followed', handle.firstExecutionRunId).describe();
    expect(first.startTime.getTime()).toBeLessThan(startTime.getTime());

    const { runs } = json(await world.videocap(['status', '--json']));
    // The latest start first.
    expect(runs).toMatchObject([
      { workflowId: 'short', state: 'completed', end: 'Finished all 1 step', result: 'eventF1 50.0 -> 50.0' },
      { workflowId: 'followed', state: 'running', status: { step: 14, totalSteps: 16 } },
    ]);
    const filtered = json(await world.videocap(['status', '--json', '--filter', 'RUNNING', '--filter', 'follow']));
    expect(filtered.runs.map(({ workflowId }: { workflowId: string }) => workflowId)).toEqual(['followed']);
    expect((await world.videocap(['status', '--filter', 'nothing-so'])).stdout).toEqual(naming('nothing-so'));
    expect(Date.parse(runs[1].started) - first.startTime.getTime()).toBeLessThan(5000);
    const { stdout } = await world.videocap(['status']);
    expect(stdout).toMatch(/followed +trainingRun +2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d +running +step 14\/16 /);
    world.release('followed');
    await resultOf('followed');
  });
});

describe('resume', () => {
  it('continues a run that was terminated after its last step, under its own name', async () => {
    const handle = await waitingAt('terminated', 3, 6);
    const runKey = (await handle.describe()).memo!.run;
    await handle.terminate('ended by the test');
    world.release('terminated');
    const { code, stdout } = await world.videocap(['resume', 'terminated']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Run terminated continues after step [34]\.\n(step .*\n)?watch it: videocap status terminated --watch\n$/,
    );
    expect(await resultOf('terminated')).toMatchObject({ runKey, steps: 6, base: { step: 0 }, trained: { step: 6 } });
    // Step 4 was in the making, and perhaps not stopped in time.
    expect(world.stepsOf('terminated').filter((step) => step !== 4)).toEqual([1, 2, 3, 5, 6]);
  });

  it('continues a run that was cancelled', async () => {
    const handle = await waitingAt('cancelled', 2, 4);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    world.release('cancelled');
    const told = json(await world.videocap(['resume', 'cancelled', '--json']));
    const id = { workflowId: 'cancelled', runId: expect.any(String) };
    expect(told).toEqual({ ...id, was: 'cancelled', afterStep: expect.any(Number) });
    expect(told.runId).not.toBe(handle.firstExecutionRunId);
    expect(await resultOf('cancelled')).toMatchObject({ steps: 4, trained: { step: 4 } });
  });

  it('continues a failed run once its cause is repaired; before, it fails again', async () => {
    broken.add('failed');
    await expect((await world.start('failed', 2)).result()).rejects.toThrow();
    expect(json(await world.videocap(['resume', 'failed', '--json'])).was).toBe('failed');
    await expect(resultOf('failed')).rejects.toThrow();
    broken.clear();
    expect((await world.videocap(['resume', 'failed'])).code).toBe(0);
    expect(await resultOf('failed')).toMatchObject({ steps: 2 });
    expect(world.stepsOf('failed')).toEqual([1, 2]);
  });

  it('continues a run that had continued as new, and keeps the input that it was started with', async () => {
    const handle = await waitingAt('long', 14, 16);
    const { runId, memo } = await handleOf('long').describe();
    expect(runId).not.toBe(handle.firstExecutionRunId);
    await handleOf('long').terminate('ended by the test');
    world.release('long');
    expect(json(await world.videocap(['resume', 'long', '--json'])).was).toBe('terminated');
    expect(await resultOf('long')).toMatchObject({
      runKey: memo!.run,
      steps: 16,
      config: { algorithm: { steps: 16 } },
    });
    expect(world.stepsOf('long').slice(0, 14)).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
  });

  it('keeps limits that were changed just before the end', async () => {
    const handle = await waitingAt('limited', 2, 1000);
    await world.videocap(['limits', 'limited', '--max-steps', '5']);
    await handle.terminate('ended by the test');
    world.release('limited');
    json(await world.videocap(['resume', 'limited', '--json']));
    expect(await resultOf('limited')).toMatchObject({ steps: 5, trained: { step: 5 } });
  });

  it('typed twice at the same time starts one execution', async () => {
    const handle = await waitingAt('twice', 2, 3);
    await handle.terminate('ended by the test');
    const said = await Promise.all([1, 2].map(() => world.videocap(['resume', 'twice', '--json'])));
    const [first, second] = said.map(json);
    expect(first.runId).toBe(second.runId);
    world.release('twice');
    expect(await resultOf('twice')).toMatchObject({ steps: 3 });
  });

  it('refuses what has no steps to continue from', async () => {
    const { workflow } = world.environment.client;
    for (const [type, workflowId] of [
      ['benchmarkRun', 'a-bench'],
      ['datasetAnnotation', 'an-annotation'],
    ] as const) {
      const handle = await workflow.start(type, { taskQueue: 'no-worker-here', workflowId, args: [{}] });
      await handle.terminate();
    }
    expect(await world.videocap(['resume', 'a-bench'])).toEqual(refused('a-bench', 'a benchmark', 'videocap bench'));
    expect(await world.videocap(['resume', 'an-annotation'])).toEqual(
      refused('an-annotation', 'an annotation', 'videocap annotate'),
    );
    const early = { taskQueue: 'no-worker-here', workflowId: 'early', args: [{}] };
    await (await workflow.start('trainingRun', early)).terminate();
    expect(await world.videocap(['resume', 'early'])).toEqual(refused('early (trainingRun)', 'videocap run'));
  });
});

describe('run', () => {
  const startingFrom = (model: string) =>
    world.videocap(['run', 'quickstart', '--set', 'algorithm.steps=1', '--set', `policy.model=${model}`, '--detach']);

  it("starts from an active run's checkpoint only with its step", async () => {
    const handle = await waitingAt('unfinished', 3, 4);
    expect(await startingFrom('run:unfinished')).toEqual(refused('run:unfinished', 'run:unfinished@3'));
    expect(await startingFrom('run:unfinished@99')).toEqual(refused('step 99', 'at 0, 2, 3 '));
    expect(await startingFrom('run:unfinished@2')).toMatchObject({ code: 0 });
    world.release('unfinished');
    await handle.result();
    expect(await startingFrom('run:unfinished')).toMatchObject({ code: 0 });
  });
});

describe('fork', () => {
  let parent: RunSummary;
  beforeAll(async () => {
    parent = (await (await world.start('parent-20261124-120000-1a2b', 5)).result()) as RunSummary;
  }, 120_000);
  const fork = (...args: string[]) => world.videocap(['fork', ...args]);
  const PARENT = 'parent-20261124-120000-1a2b';

  it('starts a new run from a kept step of a finished one, with a change, and shows its result', async () => {
    const { code, stdout, stderr } = await fork(PARENT, '--at-step', '2', '--set', 'algorithm.beta=0.5');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const [, run] = /^Run (parent-fork-\S+)$/m.exec(stderr)!;
    expect(world.stepsOf(run!)).toEqual([3, 4, 5]);
    expect(await resultOf(run!)).toMatchObject({
      steps: 5,
      config: { algorithm: { beta: 0.5, steps: 5 } },
      base: { step: 0 },
      trained: { step: 5 },
    });
    expect(stdout).toContain('event F1           50.0      50.0     +0.0');
    expect(stdout).toContain(`report         ${world.home}/store/report.html`);
    expect((await resultOf(PARENT)).config.algorithm).toEqual(parent.config.algorithm);
  });

  it('gives all of it to scripts, and can be left going', async () => {
    const whole = json(await fork(PARENT, '--at-step', '4', '--json'));
    expect(whole).toMatchObject({
      workflowId: expect.stringMatching(/^parent-fork-\d{8}-\d{6}-[0-9a-f]{4}$/),
      summary: { steps: 5, runKey: expect.not.stringContaining(parent.runKey) },
    });
    const { workflowId } = json(await fork(whole.workflowId, '--at-step', '5', '--detach', '--json'));
    // A fork of a fork is named after the first run.
    expect(workflowId).toMatch(/^parent-fork-\d/);
    expect(await resultOf(workflowId)).toMatchObject({ steps: 5 });
    expect(world.stepsOf(workflowId)).toEqual([]);
  });

  it('of an active run leaves that one alone', async () => {
    const handle = await waitingAt('going', 3, 4);
    const { workflowId } = json(await fork('going', '--at-step', '2', '--detach', '--json'));
    expect(await resultOf(workflowId)).toMatchObject({ steps: 4 });
    expect(world.stepsOf(workflowId)).toEqual([3, 4]);
    await reaches('going', 3);
    world.release('going');
    expect(await handle.result()).toMatchObject({ steps: 4 });
  });

  it('terminated and resumed continues as the fork that it is', async () => {
    const { workflowId } = json(
      await fork(PARENT, '--at-step', '2', '--set', 'algorithm.steps=8', '--detach', '--json'),
    );
    world.hold(workflowId, 6);
    await reaches(workflowId, 6);
    await handleOf(workflowId).terminate('ended by the test');
    world.release(workflowId);
    json(await world.videocap(['resume', workflowId, '--json']));
    expect(await resultOf(workflowId)).toMatchObject({ steps: 8, config: { algorithm: { steps: 8 } } });
    expect(world.stepsOf(workflowId).slice(0, 4)).toEqual([3, 4, 5, 6]);
  });

  it('names the steps that have a checkpoint where one has none, before a run starts', async () => {
    for (const step of [1, 77])
      expect(await fork(PARENT, '--at-step', `${step}`)).toEqual(
        refused(parent.runKey, `step ${step};`, 'at 0, 2, 4, 5 ', 'checkpoints.keepEvery'),
      );
  });

  it('refuses an unknown run, an invalid step, and an invalid change', async () => {
    expect(await fork('unknown', '--at-step', '1')).toEqual(refused('no run unknown', 'videocap status'));
    expect((await fork(PARENT, '--at-step', '-1')).stderr).toEqual(naming("'-1' is invalid", 'a whole number', '20'));
    expect((await fork(PARENT)).stderr).toContain("required option '--at-step <step>' not specified");
    expect(await fork(PARENT, '--at-step', '2', '--set', 'algorithm.bета=1')).toEqual(refused('algorithm.bета'));
  });
});
