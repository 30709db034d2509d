import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSummary } from '../../../contracts/run-results.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { naming } from '../../refusal.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { benchmarked, ref, scriptedStages, updated } from './scripted-stages.ts';
import type { StageInput, Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const STEPS = 6;
const statusOf = (handle: WorkflowHandle) => handle.query<RunStatus>('status');
const detailsOf = async (handle: WorkflowHandle) =>
  (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;

interface Played {
  config?: object;
  stages?: Partial<Stages>;
  /** Said to the run while it is at the update of a step. */
  at?: Record<number, (handle: WorkflowHandle) => Promise<unknown>>;
  /** While it runs. */
  during?: (handle: WorkflowHandle) => Promise<unknown>;
}

/** Plays a run to its end, and gives all that it then says of itself, wherever it does. */
async function endOf({ config = {}, stages = {}, at = {}, during }: Played) {
  const finished: StageInput<'finishTracking'>[] = [];
  const reported: StageInput<'writeReport'>[] = [];
  let handle: WorkflowHandle | undefined;
  const scripted = scriptedStages([], {
    resolveConfig: () => ({
      config: ExperimentConfig.parse({
        ...{ algorithm: { kind: 'grpo', steps: STEPS, samplesPerStep: 2 }, sampling: { groupSize: 2 } },
        ...{ benchmark: { everySteps: 2 }, ...config },
      }),
    }),
    updatePolicy: async ({ step }) => {
      await expect.poll(() => handle).toBeDefined();
      await at[step]?.(handle!);
      return updated(step);
    },
    finishTracking: (input) => void finished.push(input),
    writeReport: (input) => {
      reported.push(input);
      return { report: ref('report.html') };
    },
    ...stages,
  });
  return runScripted(environment, 'trainingRun', [{}], scripted, async (started) => {
    handle = started;
    await during?.(started);
    const summary = await (started.result() as Promise<RunSummary>).catch(() => undefined);
    return { summary, finished, reported, status: await statusOf(started), details: await detailsOf(started) };
  });
}

/** That the run says the same everywhere, and nothing of waiting. */
function expectEnd(played: Awaited<ReturnType<typeof endOf>>, end: object, stage: string, sentence: string) {
  const { summary, finished, reported, status, details } = played;
  expect(status).toMatchObject({ stage, paused: false, end });
  expect(status).not.toHaveProperty('asked');
  expect(status).not.toHaveProperty('etaSeconds');
  expect(status).not.toHaveProperty('blocked');
  expect(details).toContain(`**${sentence}.**`);
  expect(details).not.toMatch(/Paused|Pauses|Stops/);
  expect(finished.at(-1)).toMatchObject({ end });
  if (summary) expect([summary.end, reported[0]!.end]).toEqual([status.end, status.end]);
}

const paused = (handle: WorkflowHandle, step: number) =>
  expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: 'paused', paused: true, step });

describe('a run says how it ended, in Temporal, its status, its report and MLflow', () => {
  it('with its last step', async () => {
    const played = await endOf({});
    expectEnd(played, { how: 'finished', step: 6, totalSteps: 6 }, 'finished', 'Finished all 6 steps');
  });

  it('stopped in a step', async () => {
    const played = await endOf({ at: { 3: (handle) => handle.signal('stop') } });
    const end = { how: 'stopped', step: 3, totalSteps: 6 };
    expectEnd(played, end, 'stopped', 'Stopped by a user after step 3 of 6');
  });

  it('paused, then stopped', async () => {
    const played = await endOf({
      at: { 3: (handle) => handle.signal('pause') },
      during: async (handle) => {
        await paused(handle, 3);
        await handle.signal('stop');
      },
    });
    expectEnd(played, { how: 'stopped', step: 3 }, 'stopped', 'Stopped by a user after step 3 of 6');
  });

  it('stopped during a benchmark', async () => {
    let handle: WorkflowHandle | undefined;
    const played = await endOf({
      during: async (started) => {
        handle = started;
      },
      stages: {
        scoreBenchmark: async ({ step }) => {
          if (step === 4) await handle!.signal('stop');
          return benchmarked();
        },
      },
    });
    expectEnd(played, { how: 'stopped', step: 4 }, 'stopped', 'Stopped by a user after step 4 of 6');
  });

  it('stopped in its last step, which ends it anyway', async () => {
    const played = await endOf({ at: { 6: (handle) => handle.signal('stop') } });
    expectEnd(played, { how: 'finished', step: 6 }, 'finished', 'Finished all 6 steps');
  });

  it('with a pause that came too late to have an effect', async () => {
    let handle: WorkflowHandle | undefined;
    const played = await endOf({
      during: async (started) => {
        handle = started;
      },
      stages: {
        scoreBenchmark: async ({ step }) => {
          if (step === 6) {
            await handle!.signal('pause');
            expect(await statusOf(handle!)).toMatchObject({ paused: false, stage: 'benchmark' });
          }
          return benchmarked();
        },
      },
    });
    expectEnd(played, { how: 'finished', step: 6 }, 'finished', 'Finished all 6 steps');
  });

  it('early, when the patience for a better checkpoint was over', async () => {
    const best = { metric: 'eventF1', patience: 1 };
    const played = await endOf({ config: { checkpoints: { best } } });
    const reason = played.summary!.best!.endedEarly!;
    expect(reason).toEqual(naming('eventF1', 'above 50', 'checkpoints.best.patience'));
    expectEnd(
      played,
      { how: 'early', step: 2, totalSteps: 6, reason },
      'ended early',
      `Ended early after step 2 of 6: ${reason}`,
    );
  });

  it('not early, though that patience was over too, when it made all of its steps or a user stopped it', async () => {
    const config = { checkpoints: { best: { metric: 'eventF1', patience: 3 } } };
    const whole = await endOf({ config });
    expectEnd(whole, { how: 'finished', step: 6 }, 'finished', 'Finished all 6 steps');
    expect(whole.summary!.best).not.toHaveProperty('endedEarly');
    const patience = { checkpoints: { best: { metric: 'eventF1', patience: 2 } } };
    const stopped = await endOf({ config: patience, at: { 3: (handle) => handle.signal('stop') } });
    expectEnd(stopped, { how: 'stopped', step: 3 }, 'stopped', 'Stopped by a user after step 3 of 6');
    expect(stopped.summary!.best).not.toHaveProperty('endedEarly');
  });

  it('with the limit that a user set', async () => {
    const limits = (handle: WorkflowHandle) => handle.executeUpdate('setLimits', { args: [{ maxSteps: 3 }] });
    const played = await endOf({ at: { 2: limits } });
    const end = { how: 'limited', step: 3, totalSteps: 3 };
    expectEnd(played, end, 'finished', 'Ended after step 3, since the limit maxSteps is 3');
  });

  it('cancelled while it was paused', async () => {
    const played = await endOf({
      at: { 2: (handle) => handle.signal('pause') },
      during: async (handle) => {
        await paused(handle, 2);
        await handle.cancel();
      },
    });
    const end = { how: 'cancelled', step: 2, totalSteps: 6, whilePaused: true };
    expectEnd(played, end, 'cancelled', 'Cancelled after step 2 of 6, while it was paused');
    expect(played.finished).toMatchObject([{ status: 'KILLED' }]);
  });

  it.each([
    ['judgeCompletions', 'JudgeBlocked', 'paused: judge'],
    ['updatePolicy', 'WorkerDied', 'paused: worker died'],
    ['rolloutGroups', 'Diverged', 'paused: not finite'],
  ] as const)('cancelled while %s waited for a person (%s)', async (stage, type, waiting) => {
    const fail = () => {
      throw ApplicationFailure.nonRetryable('Something must be repaired.', type);
    };
    const played = await endOf({
      stages: { [stage]: fail },
      during: async (handle) => {
        await expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: waiting });
        await handle.cancel();
      },
    });
    expectEnd(played, { how: 'cancelled', step: 0 }, 'cancelled', 'Cancelled after step 0 of 6');
    expect(played.status).not.toHaveProperty('died');
    expect(played.status).not.toHaveProperty('notFinite');
  });

  it('failed', async () => {
    const played = await endOf({
      stages: {
        updatePolicy: ({ step }) => {
          if (step === 3)
            throw ApplicationFailure.nonRetryable('The weights are gone: restore them.', 'CorruptArtifact');
          return updated(step);
        },
      },
    });
    const end = { how: 'failed', step: 2, totalSteps: 6 };
    expectEnd(played, end, 'failed', 'Failed after step 2 of 6: The weights are gone: restore them');
    expect(played.finished).toMatchObject([{ status: 'FAILED' }]);
  });
});

describe('while it runs, a run says', () => {
  it('what it will do after its step, and that it waits only once it does', async () => {
    await endOf({
      at: {
        2: async (handle) => {
          await handle.signal('pause');
          expect(await statusOf(handle)).toMatchObject({ paused: false, asked: 'pause', stage: 'update' });
          expect(await detailsOf(handle)).toContain('**Pauses** after the current step.');
        },
        3: async (handle) => {
          await handle.signal('stop');
          expect(await statusOf(handle)).toMatchObject({ paused: false, asked: 'stop' });
          expect(await detailsOf(handle)).toContain('**Stops** after the current step.');
        },
      },
      during: async (handle) => {
        await paused(handle, 2);
        expect(await detailsOf(handle)).toContain('**Paused** after the current step.');
        await handle.signal('resume');
      },
    });
  });

  it('how many samples it could not use', async () => {
    const { status, summary, details, finished } = await endOf({
      stages: {
        prepareDataset: () => ({ manifest: ref('manifest'), digest: 'd', train: 4, heldOut: 2, quarantined: 3 }),
      },
    });
    const setAside = { samples: 3, of: 9 };
    expect([status.setAside, summary!.setAside, finished[0]!.setAside]).toEqual([setAside, setAside, setAside]);
    expect(details).toContain('3 of 9 samples were set aside');
  });
});

describe('a policy that collapses', () => {
  const collapsing: Partial<Stages> = {
    scoreCompletions: async (input) => ({ ...(await scriptedStages([]).scoreCompletions(input)), distinctCaptions: 0 }),
  };

  it('is warned of wherever the run is shown, once, and the run goes on', async () => {
    const records: StageInput<'recordStep'>[] = [];
    const recordStep = (input: StageInput<'recordStep'>) => void records.push(input);
    const { status, summary, details, finished, reported } = await endOf({ stages: { ...collapsing, recordStep } });
    const warning = { kind: 'distinctCaptions', step: 5 };
    for (const said of [status.collapse, summary!.collapse, finished[0]!.collapse, reported[0]!.collapse])
      expect(said).toMatchObject([warning]);
    expect(details).toContain('The policy may have collapsed (step 5): different videos get the same captions');
    expect(
      records.flatMap(({ record }) => Object.keys(record.metrics)).filter((name) => /collapse/.test(name)),
    ).toEqual(['collapse/distinctCaptions']);
    expect(summary).toMatchObject({ steps: 6 });
  });

  it('pauses the run where the config asks for it, and not again for the same sign after a resume', async () => {
    const { summary } = await endOf({
      config: { collapse: { action: 'pause' } },
      stages: collapsing,
      during: async (handle) => {
        await paused(handle, 5);
        expect(await statusOf(handle)).toMatchObject({ collapse: [{ kind: 'distinctCaptions' }] });
        await handle.signal('resume');
      },
    });
    expect(summary).toMatchObject({ steps: 6, end: { how: 'finished' } });
  });

  it('is ignored where the config asks for it', async () => {
    const { status } = await endOf({ config: { collapse: { action: 'ignore' } }, stages: collapsing });
    expect(status).not.toHaveProperty('collapse');
  });
});
