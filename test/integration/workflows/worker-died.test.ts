import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { type CallLog, scriptedStages, updated } from './scripted-stages.ts';
import type { Stages } from './stage-contracts.ts';

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

it.each(['updatePolicy', 'extractFrames', 'captionClips', 'scoreCompletions'] as const)(
  'a worker that keeps dying in %s pauses the run; every resume tries again',
  async (name) => {
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
  },
);

it('a run that waits there ends by `stop` after its last whole step, with benchmark and report', async () => {
  const { steps, trained } = await played(
    { updatePolicy: ({ step }) => (step === 3 ? died() : updated(step)) },
    async (handle) => {
      await isPaused(handle);
      await handle.signal('stop');
      const summary = await resultOf(handle);
      expect(await statusOf(handle)).toMatchObject({ stage: 'stopped', end: { how: 'stopped', step: 2 } });
      return summary;
    },
  );
  expect(steps).toBe(2);
  expect(trained).toMatchObject({ step: 2 });
});

it('one whose last benchmark ends the worker, too, fails with that', async () => {
  const dying: Partial<Stages> = {
    updatePolicy: ({ step }) => (step === 2 ? died() : updated(step)),
    captionClips: ({ step }) =>
      step === 1 ? died() : { captions: { uri: 'store:c', sha256: '0'.repeat(64), bytes: 1 }, seconds: 1 },
  };
  await played(dying, async (handle) => {
    await isPaused(handle);
    await handle.signal('stop');
    await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'WorkerDied' } } });
  });
});

it('a checkpoint that is rebuilt with other numbers pauses the run, too, until a resume finds the same', async () => {
  const sentence = 'Step 2 has another digest now.';
  const script = scriptedStages([], {});
  let left = 1;
  const differing: Stages['rolloutGroups'] = (input) => {
    if (input.step === 3 && left-- > 0) throw ApplicationFailure.nonRetryable(sentence, 'ReplayDiffers');
    return script.rolloutGroups(input as never);
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
