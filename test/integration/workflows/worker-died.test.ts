import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { naming } from '../../refusal.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted, scriptedWorkers } from './run-scripted.ts';
import { type CallLog, scriptedStages } from './scripted-stages.ts';
import type { StageName, Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const WHY = 'The worker has died 3 times in a row here.';
const statusOf = (handle: WorkflowHandle) => handle.query<RunStatus>('status');
const isPaused = (handle: WorkflowHandle) =>
  expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: 'paused: worker died', died: WHY });
const resultOf = async (handle: WorkflowHandle) => (await handle.result()) as RunSummary;

function died(): never {
  throw ApplicationFailure.nonRetryable(WHY, 'WorkerDied');
}

/** A run of four steps, some of whose stages are as given. */
function played<T>(stages: Partial<Stages>, during: (handle: WorkflowHandle) => Promise<T>) {
  const calls: CallLog = [];
  const input = [{ overrides: { 'algorithm.steps': 4 } }];
  return runScripted(environment, 'trainingRun', input, scriptedStages(calls, stages), during);
}

const GATED = [
  'updatePolicy',
  'extractFrames',
  'captionClips',
  'scoreCompletions',
  'recordStep',
  'finishTracking',
] as const;
it.each(GATED)('a worker that keeps dying in %s pauses the run; every resume tries again', async (name) => {
  let left = 2;
  const script = scriptedStages([], {});
  const dying = (input: never) => (left-- > 0 ? died() : (script[name] as unknown as (input: never) => never)(input));
  const { steps } = await played({ [name]: dying }, async (handle) => {
    await isPaused(handle);
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain(`**Paused: worker died.** ${WHY}`);
    await handle.signal('resume');
    await expect.poll(() => left).toBe(0);
    await isPaused(handle);
    await handle.signal('resume');
    return resultOf(handle);
  });
  expect(steps).toBe(4);
});

describe('`stop` where the worker keeps dying', () => {
  const stopped = async (handle: WorkflowHandle) => {
    await isPaused(handle);
    await handle.signal('stop');
    return resultOf(handle).catch((error) => error as Error);
  };
  /** The stage dies at that step, and works at the others. */
  const dyingAt = (name: StageName, step: number): Partial<Stages> => {
    const script = scriptedStages([]);
    return { [name]: (input: { step?: number }) => (input.step === step ? died() : script[name](input as never)) };
  };
  const end = { how: 'stopped', blocked: WHY.replace(/\.$/, '') };
  const failure = (unfinished: string) => ({
    cause: { type: 'Stopped', message: naming('A user stopped', unfinished, WHY) },
  });

  it('in a step ends the run after its last whole step, with benchmark and report', async () => {
    const { steps, trained } = await played(dyingAt('updatePolicy', 3), async (handle) => {
      const summary = (await stopped(handle)) as RunSummary;
      expect(await statusOf(handle)).toMatchObject({ stage: 'stopped', end: { ...end, step: 2 } });
      return summary;
    });
    expect(steps).toBe(2);
    expect(trained).toMatchObject({ step: 2 });
  });

  it('in a step, and in the final benchmark, too, ends it without that benchmark', async () => {
    const dying = { ...dyingAt('updatePolicy', 2), ...dyingAt('captionClips', 1) };
    const { steps, trained, end: how } = (await played(dying, stopped)) as RunSummary;
    expect([steps, trained.step, how]).toEqual([1, 0, { ...end, step: 1, totalSteps: 4, measuredStep: 0 }]);
  });

  it.each([
    ['captionClips', 2],
    ['captionClips', 4],
    ['scoreBenchmark', 4],
  ] as const)('in %s after step %i keeps the step, and leaves out that benchmark', async (name, step) => {
    const summary = (await played(dyingAt(name, step), stopped)) as RunSummary;
    expect(summary).toMatchObject({ steps: step, policy: { step }, end: { ...end, step, measuredStep: step - 2 } });
  });

  it.each(['loadPolicy', 'prepareDataset', 'extractFrames', 'captionClips', 'recordStep'] as const)(
    'in %s, before the first benchmark is complete, ends it as stopped',
    async (name) => {
      await played({ [name]: died }, async (handle) => {
        expect(await stopped(handle)).toMatchObject(failure('its first benchmark'));
        expect(await statusOf(handle)).toMatchObject({ stage: 'stopped', end: { ...end, step: 0 } });
      });
    },
  );

  it.each(['exportPolicy', 'writeReport', 'finishTracking'] as const)(
    'in %s ends it as stopped, to be resumed',
    async (name) => {
      await played({ [name]: died }, async (handle) => {
        expect(await stopped(handle)).toMatchObject(failure('its result'));
        expect(await statusOf(handle)).toMatchObject({ stage: 'stopped', end: { ...end, step: 4 } });
      });
    },
  );

  it('in the record of a step ends it as stopped, to be resumed', async () => {
    const recordStep: Stages['recordStep'] = ({ record }) => (record.step === 2 ? died() : undefined);
    await played({ recordStep }, async (handle) => {
      expect(await stopped(handle)).toMatchObject(failure('its result'));
      expect(await statusOf(handle)).toMatchObject({ stage: 'stopped', end });
    });
  });

  it('that was sent before the last death does not wait there', async () => {
    let handle: WorkflowHandle | undefined;
    const captionClips = async () => {
      await expect.poll(() => handle).toBeDefined();
      await handle!.signal('stop');
      return died();
    };
    await played({ captionClips }, async (started) => {
      handle = started;
      await expect(resultOf(started)).rejects.toMatchObject(failure('its first benchmark'));
    });
  });

  it.each([
    ['benchmarkRun', {}, 'captionClips', 'the benchmark'],
    ['datasetAnnotation', { dataset: '/a.jsonl', output: '/b.jsonl' }, 'readCaptions', 'the annotation'],
    ['datasetAnnotation', { dataset: '/a.jsonl', output: '/b.jsonl' }, 'writeAnnotations', 'the annotation'],
  ] as const)('ends a %s (%o, %s) in one sentence', async (type, input, name, unfinished) => {
    const stages = scriptedStages([], { [name]: died });
    const all = [{ ...input, overrides: { 'judge.kind': 'llm' } }];
    expect(await runScripted(environment, type, all, stages, stopped)).toMatchObject(failure(unfinished));
  });
});

describe('where the worker is dead, and no heartbeat comes', () => {
  /** Nothing of the project is around the stages of this file: they send no heartbeats, as those of a dead worker. */
  const dead = () => Context.current().cancelled; // when its worker is shut down

  it('a stopped benchmark, a broken-off question and a cancelled run end as such, not by a time-out', async () => {
    const calls: CallLog = [];
    const stages = scriptedStages(calls, {
      captionClips: (input) => (input.runKey.startsWith('asking') ? scripted.captionClips(input) : dead()),
      judgeCompletions: async () => {
        const { client, info } = Context.current();
        const { workflowId, runId } = info.workflowExecution!;
        const waiting = { why: 'The judge is away', since: Date.now() };
        await client.workflow.getHandle(workflowId, runId).signal('judgeWaits', waiting);
        return dead();
      },
    });
    await runScripted(environment, 'benchmarkRun', [{}], stages, async (benchmark) => {
      const workers = await scriptedWorkers(environment);
      const [asking, cancelled] = await Promise.all(
        ['asking', 'cancelled'].map((workflowId) => {
          workers.stages.set(workflowId, stages);
          const { taskQueue } = workers;
          return environment.client.workflow.start('trainingRun', { taskQueue, workflowId, args: [{}] });
        }),
      );
      const begun = (name: string) => calls.filter(([called]) => called === name).length;
      await expect.poll(() => begun('captionClips'), { timeout: 30_000 }).toBe(3);
      await expect.poll(() => statusOf(asking!), { timeout: 30_000 }).toHaveProperty('waiting');
      await Promise.all([benchmark.signal('stop'), asking!.signal('stop'), cancelled!.cancel()]);
      await expect(benchmark.result()).rejects.toMatchObject({ cause: { type: 'Stopped' } });
      const { end } = await resultOf(asking!);
      expect(end).toEqual({ how: 'stopped', step: 0, totalSteps: 2, blocked: 'The judge is away' });
      await expect(cancelled!.result()).rejects.toThrow();
      expect((await cancelled!.describe()).status.name).toBe('CANCELLED');
      expect(await statusOf(cancelled!)).toMatchObject({ stage: 'cancelled', end: { how: 'cancelled' } });
    });
  }, 90_000);
});

it('a checkpoint that is rebuilt with other numbers pauses the run, too, until a resume finds the same', async () => {
  const sentence = 'Step 2 ends in other weights.';
  let left = 1;
  const differing: Stages['rolloutGroups'] = (input) => {
    if (input.step === 3 && left-- > 0) throw ApplicationFailure.nonRetryable(sentence, 'ReplayDiffers');
    return scripted.rolloutGroups(input as never);
  };
  const { steps } = await played({ rolloutGroups: differing }, async (handle) => {
    await expect
      .poll(() => statusOf(handle), { timeout: 30_000 })
      .toMatchObject({ stage: 'paused: replay differs', differs: sentence, step: 2 });
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain(`**Paused: replay differs.** ${sentence}`);
    await handle.signal('resume');
    return resultOf(handle);
  });
  expect(steps).toBe(4);
});

const scripted = scriptedStages([]);
