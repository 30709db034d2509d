import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SweepMemo } from '../../../contracts/sweep-input.ts';
import type { SweepSummary } from '../../../contracts/sweep-results.ts';
import { lineNaming } from '../../refusal.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { type CallLog, SWEEP, scriptedStages, updated } from './scripted-stages.ts';
import type { Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const INPUT = [{ sweep: 'two-arms' }];
const ONE_AT_A_TIME = { resolveSweep: () => ({ plan: { ...SWEEP, concurrency: 1 } }) };

interface Played {
  stages?: Partial<Stages>;
  calls?: CallLog;
  during?: (handle: WorkflowHandle) => Promise<void>;
}

async function sweep({ stages, calls = [], during }: Played = {}): Promise<SweepSummary> {
  return runScripted(environment, 'ablationSweep', INPUT, scriptedStages(calls, stages), async (handle) => {
    await during?.(handle);
    return (await handle.result()) as SweepSummary;
  });
}

const statesOf = ({ outcomes }: SweepSummary) => outcomes.map(({ arm, seed, state }) => `${arm} ${seed} ${state}`);

/** Lets a run of this algorithm wait before its first update, until `go`. */
function held(algorithm: 'grpo' | 'sft') {
  let go = () => {};
  const gone = new Promise<void>((resolve) => (go = resolve));
  let reached = () => {};
  const waits = new Promise<void>((resolve) => (reached = resolve));
  const updatePolicy: Stages['updatePolicy'] = async ({ step, algorithm: { kind } }) => {
    if (kind === algorithm && step === 1) {
      reached();
      await gone;
    }
    return updated(step);
  };
  return { go, waits, stages: { updatePolicy } satisfies Partial<Stages> };
}

describe('ablationSweep', () => {
  it('plays every arm with every seed as a run of its own, and compares them', async () => {
    const calls: CallLog = [];
    const summary = await sweep({ calls });
    expect(statesOf(summary)).toEqual(['sft 1 finished', 'grpo 1 finished', 'sft 2 finished', 'grpo 2 finished']);
    const keys = summary.outcomes.map(({ run }) => run);
    expect(keys).toEqual(
      ['sft.all.s1', 'grpo.all.s1', 'sft.all.s2', 'grpo.all.s2'].map((id) => `${summary.runKey}.${id}`),
    );
    const child = await environment.client.workflow.getHandle(keys[0]!).describe();
    expect(child).toMatchObject({ type: 'trainingRun', status: { name: 'COMPLETED' }, memo: { run: keys[0] } });
    expect(calls.filter(([name]) => name === 'updatePolicy')).toHaveLength(8);
    expect(calls.slice(-2).map(([name]) => name)).toEqual(['writeSweepTable', 'finishSweepTracking']);
    expect(summary.mlflowRunUrl).toBe('http://127.0.0.1/s');
  });

  it('leaves the other arms alone when one fails, and names why', async () => {
    const summary = await sweep({
      stages: {
        rolloutGroups: () => {
          throw ApplicationFailure.nonRetryable('The model is too large.', 'InvalidModel');
        },
      },
    });
    expect(statesOf(summary)).toEqual(['sft 1 finished', 'grpo 1 failed', 'sft 2 finished', 'grpo 2 failed']);
    expect(summary.outcomes[1]!.reason).toBe('The model is too large');
  });

  it('that fails itself is FAILED in MLflow, with the reason', async () => {
    const closings: unknown[] = [];
    const stages: Partial<Stages> = {
      writeSweepTable: () => {
        throw ApplicationFailure.nonRetryable('A result is damaged.', 'CorruptArtifact');
      },
      finishSweepTracking: (input) => {
        closings.push(input);
        return {};
      },
    };
    await expect(sweep({ stages })).rejects.toThrow();
    expect(closings).toMatchObject([{ status: 'FAILED', reason: 'A result is damaged' }]);
  });

  it('starts an arm from the trained policy of another, of the same seed', async () => {
    const started: unknown[] = [];
    const { findStart, ...rest } = scriptedStages([]);
    const arms = [SWEEP.arms[0]!, { ...SWEEP.arms[1]!, name: 'then', after: 'sft' }];
    const summary = await sweep({
      stages: {
        ...rest,
        resolveSweep: () => ({ plan: { ...SWEEP, arms } }),
        findStart: (input) => {
          started.push(input.model);
          return findStart(input);
        },
      } as Partial<Stages>,
    });
    expect(started.sort()).toEqual([1, 2].map((seed) => `run:${summary.runKey}.sft.all.s${seed}@2`));
    expect(statesOf(summary).filter((state) => state.endsWith('finished'))).toHaveLength(4);
  });

  it('stops one arm, whose run ends after its step, while the others go on', async () => {
    const { go, waits, stages } = held('sft');
    const summary = await sweep({
      stages: { ...stages, ...ONE_AT_A_TIME },
      async during(handle) {
        await waits;
        expect(await handle.executeUpdate('stopArm', { args: ['sft'] })).toContain('sft');
        go();
      },
    });
    expect(statesOf(summary)).toEqual(['sft 1 stopped', 'grpo 1 finished', 'sft 2 skipped', 'grpo 2 finished']);
  });

  it('pauses an arm and lets it go on; takes an arm that is added meanwhile', async () => {
    const { go, waits, stages } = held('grpo');
    const summary = await sweep({
      stages,
      async during(handle) {
        await waits;
        await handle.executeUpdate('pauseArm', { args: ['grpo'] });
        go();
        await expect
          .poll(async () => JSON.stringify(await handle.query('status')))
          .toMatch(/"arm":"sft".*"finished".*"finished".*"arm":"grpo"/);
        await handle.executeUpdate('addArm', { args: [{ name: 'beta', set: { 'algorithm.beta': 0 }, seeds: [7] }] });
        await handle.executeUpdate('resumeArm', { args: ['grpo'] });
      },
    });
    expect(statesOf(summary).sort()).toEqual(
      ['sft 1', 'grpo 1', 'sft 2', 'grpo 2', 'beta 7'].map((run) => `${run} finished`).sort(),
    );
  });

  it('lets only the best arms go on after a step, under the same ids', async () => {
    const [sft, grpo] = SWEEP.arms;
    const halving = { atSteps: [1], keep: 0.5, stopped: [] };
    const plan = { ...SWEEP, halving, arms: [sft!, grpo!, { ...grpo!, name: 'last' }] };
    const calls: CallLog = [];
    const summary = await sweep({
      calls,
      stages: { resolveSweep: () => ({ plan }) },
      async during(handle) {
        await handle.result();
        // What `videocap resume` continues the sweep with.
        const { memo } = await handle.describe();
        expect(SweepMemo.parse(memo).plan?.halving?.stopped).toEqual([['last']]);
      },
    });
    expect(statesOf(summary)).toEqual([
      ...['sft 1 finished', 'grpo 1 finished', 'last 1 early'],
      ...['sft 2 finished', 'grpo 2 finished', 'last 2 early'],
    ]);
    // One step of all six runs; then both of four, since the scripted store has kept nothing of the first.
    expect(calls.filter(([name]) => name === 'updatePolicy')).toHaveLength(6 + 4 * 2);
  });

  it('refuses wrong messages with a sentence, and goes on', async () => {
    const { go, waits, stages } = held('sft');
    await sweep({
      stages,
      async during(handle) {
        await waits;
        const refusal = (name: string, argument: unknown) =>
          handle.executeUpdate(name, { args: [argument] }).then(
            () => 'accepted',
            (error) => `${error.cause?.message}\n`,
          );
        expect(await refusal('stopArm', 'grop')).toEqual(lineNaming('grop', 'grpo'));
        expect(await refusal('addArm', { name: 'grpo' })).toEqual(lineNaming('grpo', 'another name'));
        expect(await refusal('addArm', { nam: 'x' })).toEqual(lineNaming('name', '"set"'));
        expect(await refusal('addArm', { name: 'x', seeds: [1, 1] })).toEqual(lineNaming('seeds', 'once'));
        await handle.signal('stop');
        expect(await refusal('addArm', { name: 'late' })).toEqual(lineNaming('stopped'));
        go();
      },
    });
  });

  it('pauses and stops as a whole, with a table of what is there', async () => {
    const { go, waits, stages } = held('sft');
    const summary = await sweep({
      stages: { ...stages, ...ONE_AT_A_TIME },
      async during(handle) {
        await waits;
        await handle.signal('pause');
        await expect.poll(async () => (await handle.query<{ stage: string }>('status')).stage).toBe('paused');
        await handle.signal('stop');
        go();
      },
    });
    expect(statesOf(summary)).toEqual(['sft 1 stopped', 'grpo 1 skipped', 'sft 2 skipped', 'grpo 2 skipped']);
  });

  it('continues after it was cancelled: with the same keys, so that runs find what they have', async () => {
    const { go, waits, stages } = held('grpo');
    const asked: string[] = [];
    const findProgress: Stages['findProgress'] = ({ run }) => {
      asked.push(run);
      return {};
    };
    const scripted = scriptedStages([], { ...stages, findProgress });
    await runScripted(
      environment,
      'ablationSweep',
      INPUT,
      scripted,
      async (handle) => {
        await waits;
        await handle.cancel();
        go();
        await handle.result().catch(() => undefined);
        const { memo, status } = await handle.describe();
        expect(status.name).toBe('CANCELLED');
        const { run, sweep: named, plan } = SweepMemo.parse(memo);
        const before = [...asked];
        const again = await environment.client.workflow.start('ablationSweep', {
          ...{ taskQueue: 'videocap', workflowId: handle.workflowId },
          args: [{ sweep: named, resume: { run, plan } }],
        });
        const summary = (await again.result()) as SweepSummary;
        expect(summary.runKey).toBe(run);
        expect(statesOf(summary).every((state) => state.endsWith('finished'))).toBe(true);
        expect(asked.slice(before.length)).toEqual(expect.arrayContaining(before));
      },
      'resumed-sweep',
    );
  });

  it('answers an empty input with what to write', async () => {
    await runScripted(environment, 'ablationSweep', [{}], scriptedStages([]), async (handle) => {
      const error = await handle.result().then(
        () => expect.unreachable('it should have failed'),
        (failed: WorkflowFailedError) => failed.cause as ApplicationFailure,
      );
      expect(error.type).toBe('InvalidRunInput');
      expect(`${error.message}\n`).toEqual(lineNaming('sweep', 'sft-vs-grpo'));
    });
  });
});

describe('a sweep whose history grows long', () => {
  it('continues as new between two runs: none is made twice', async () => {
    const short = await startTemporal('--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=30');
    try {
      const calls: CallLog = [];
      await runScripted(short, 'ablationSweep', INPUT, scriptedStages(calls), async (handle) => {
        const summary = (await handle.result()) as SweepSummary;
        const { runId } = await short.client.workflow.getHandle(handle.workflowId).describe();
        expect(runId).not.toBe(handle.firstExecutionRunId);
        expect(statesOf(summary).every((state) => state.endsWith('finished'))).toBe(true);
        expect(calls.filter(([name]) => name === 'resolveSweep')).toHaveLength(1);
        expect(calls.filter(([name]) => name === 'exportPolicy')).toHaveLength(4);
      });
    } finally {
      await short.teardown();
    }
  });
});
