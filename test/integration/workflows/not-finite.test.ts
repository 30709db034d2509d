import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSummary, ScoredRollout, StepRecord } from '../../../contracts/run-results.ts';
import type { RunProgress } from '../../../contracts/run-state.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import type { NotFinite } from '../../../core/not-finite.ts';
import { naming } from '../../refusal.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { type CallLog, policyAt, scriptedStages, updated } from './scripted-stages.ts';
import { scriptedRef, scriptedValue } from './scripted-store.ts';
import type { Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const FOUND: NotFinite = { what: 'gradient', value: 'NaN', samples: ['clip 7'], where: 'lm_head.weight' };
const statusOf = (handle: WorkflowHandle) => handle.query<RunStatus>('status');
const waits = { timeout: 30_000 };

/** A run of five steps, of which some have an update that is not finite. */
async function played<T>(
  { at, optimizer = {}, stages = {} }: { at: readonly number[]; optimizer?: object; stages?: Partial<Stages> },
  during: (handle: WorkflowHandle) => Promise<T>,
) {
  const calls: CallLog = [];
  const records: StepRecord[] = [];
  const states: RunProgress[] = [];
  const algorithm = { kind: 'grpo', steps: 5, samplesPerStep: 2, optimizer: { learningRate: 2e-5, ...optimizer } };
  const scripted = scriptedStages(calls, {
    resolveConfig: () => ({
      config: ExperimentConfig.parse({ algorithm, sampling: { groupSize: 2 }, benchmark: { everySteps: 0 } }),
    }),
    updatePolicy: ({ step, policy }) =>
      at.includes(step)
        ? { ...updated(step), policy: { ...policy, step }, metrics: { updates: 0 }, notFinite: FOUND }
        : updated(step),
    recordStep: ({ record, progress }) => {
      records.push(record);
      states.push(progress);
    },
    ...stages,
  });
  const result = await runScripted(environment, 'trainingRun', [{}], scripted, during);
  return { result, calls, records, states };
}

const resultOf = async (handle: WorkflowHandle) => (await handle.result()) as RunSummary;

describe('an update that is not finite', () => {
  it('pauses the run with step, sample and what it was; resume goes on without the update', async () => {
    const { records, states, calls } = await played({ at: [3] }, async (handle) => {
      await expect.poll(() => statusOf(handle), waits).toMatchObject({ stage: 'paused: not finite', step: 2 });
      const { notFinite } = await statusOf(handle);
      const id = handle.workflowId;
      expect(notFinite).toBe(
        'In step 3 the gradient is NaN (sample clip 7; lm_head.weight). The update was not made: the policy stays ' +
          'that of step 2. To go on from there with a lower learning rate: ' +
          `videocap fork ${id} --at-step 2 --set algorithm.optimizer.learningRate=0.000002 ` +
          `To go on here without this update: videocap resume ${id}`,
      );
      const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      expect(currentDetails).toContain(`**Paused: not finite.** ${notFinite}`);
      await handle.signal('resume');
      const summary = await resultOf(handle);
      expect(await statusOf(handle)).toMatchObject({ skippedUpdates: 1, step: 5 });
      return summary;
    });
    expect(records.map(({ step, notFinite }) => [step, notFinite?.what])).toEqual([
      [0, undefined],
      [1, undefined],
      [2, undefined],
      [3, 'gradient'],
      [4, undefined],
      [5, undefined],
    ]);
    expect(records[3]!.notFinite).toEqual(FOUND);
    expect(records[3]!.metrics).toMatchObject({ 'train/updates': 0, 'train/skippedUpdates': 1 });
    expect(records[4]!.metrics).not.toHaveProperty('train/skippedUpdates');
    // The policy after the step is the one before it, and a run that is resumed from there knows of the step.
    expect(states[3]!.policy).toEqual({ ...policyAt(2), step: 3 });
    expect(states.map(({ skippedUpdates }) => skippedUpdates)).toEqual([...[undefined, undefined, undefined, 1, 1, 1]]);
    expect(calls.filter(([name]) => name === 'updatePolicy')).toHaveLength(5);
  });

  it('with `skip` pauses only once `maxSkips` are used up', async () => {
    const { records, result } = await played(
      { at: [1, 2, 4], optimizer: { nonFinite: 'skip', maxSkips: 2 } },
      async (handle) => {
        await expect.poll(() => statusOf(handle), waits).toMatchObject({ stage: 'paused: not finite', step: 3 });
        expect(await statusOf(handle)).toMatchObject({ skippedUpdates: 2 });
        await handle.signal('resume');
        return resultOf(handle);
      },
    );
    expect(result.steps).toBe(5);
    const counts = records.map(({ metrics }) => metrics['train/skippedUpdates']);
    expect(counts).toEqual([undefined, 1, 2, undefined, 3, undefined]);
  });

  it('with `skip` never pauses within `maxSkips`', async () => {
    const { result } = await played({ at: [1, 5], optimizer: { nonFinite: 'skip' } }, resultOf);
    expect(result).toMatchObject({ steps: 5, policy: { ...policyAt(4), step: 5 } });
  });

  it('lets `stop` end the run at that step, with benchmark and report', async () => {
    const { result, records } = await played({ at: [2] }, async (handle) => {
      await expect.poll(() => statusOf(handle), waits).toMatchObject({ stage: 'paused: not finite' });
      await handle.signal('stop');
      return resultOf(handle);
    });
    expect(result.steps).toBe(2);
    expect(records.at(-1)).toMatchObject({ step: 2, notFinite: FOUND });
  });

  it('does not hold up a run that is to stop anyway', async () => {
    let handle: WorkflowHandle | undefined;
    const { result } = await played(
      {
        at: [],
        stages: {
          updatePolicy: async ({ step, policy }) => {
            await expect.poll(() => handle).toBeDefined();
            await handle!.signal('stop');
            return { ...updated(step), policy: { ...policy, step }, notFinite: FOUND };
          },
        },
      },
      (started) => {
        handle = started;
        return resultOf(started);
      },
    );
    expect(result.steps).toBe(1);
  });

  it('is one of a reward or an advantage too: nothing of the step is learnt', async () => {
    // Finite one by one, but not in sum: what no schema refuses.
    const huge = { value: 1e308 };
    let learnt: unknown;
    const { records } = await played(
      {
        at: [],
        optimizer: { nonFinite: 'skip', maxSkips: 9 },
        stages: {
          judgeCompletions: (input) => ({
            ...scripted.judgeCompletions(input),
            scores: scriptedRef({
              caption: [
                [huge, huge],
                [huge, huge],
              ],
              format: [
                [huge, huge],
                [huge, huge],
              ],
            }),
          }),
          updatePolicy: ({ step, batch }) => {
            if (batch.learnsFrom !== 'completions') throw new Error('It learns from completions.');
            learnt = scriptedValue<ScoredRollout[]>(batch.scored)[0]!.advantages;
            return updated(step);
          },
        },
      },
      resultOf,
    );
    expect(learnt).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(records[1]!.notFinite).toEqual({ what: 'reward', value: 'Infinity', where: 'completion 1 of group 1' });
  });
});

const scripted = {
  judgeCompletions: (_: unknown) => ({
    verdicts: { uri: 'store:verdicts', sha256: '0'.repeat(64), bytes: 1 },
    usage: {
      ...{ calls: 0, cacheHits: 0, inputTokens: 0, outputTokens: 0, cost: 0, repeated: 0 },
      latencySeconds: { p50: 0, p95: 0, max: 0 },
    },
    seconds: 1,
  }),
};

describe('a policy that leaves no token to choose', () => {
  const diverged = () => {
    throw ApplicationFailure.nonRetryable('Sample a: The policy gave token 1 the logit NaN.', 'Diverged');
  };

  it('pauses the run with the fork that starts before it was made; resume tries again', async () => {
    let broken = true;
    const { result } = await played(
      {
        at: [],
        stages: {
          rolloutGroups: (input) =>
            broken && input.step === 3 ? diverged() : scriptedStages([]).rolloutGroups(input as never),
        },
      },
      async (handle) => {
        await expect.poll(() => statusOf(handle), waits).toMatchObject({ stage: 'paused: not finite', step: 2 });
        expect((await statusOf(handle)).notFinite).toBe(
          'Sample a: The policy gave token 1 the logit NaN. The update of step 2 made it. To go on from the step ' +
            `before with a lower learning rate: videocap fork ${handle.workflowId} --at-step 1 --set ` +
            'algorithm.optimizer.learningRate=0.000002',
        );
        broken = false;
        await handle.signal('resume');
        return resultOf(handle);
      },
    );
    expect(result.steps).toBe(5);
  });

  it('before the first benchmark ends a run that is stopped, in a sentence that names it', async () => {
    await played({ at: [], stages: { captionClips: diverged } }, async (handle) => {
      await expect.poll(() => statusOf(handle), waits).toMatchObject({ stage: 'paused: not finite', step: 0 });
      expect((await statusOf(handle)).notFinite).toContain('the run started from: name another policy.model');
      await handle.signal('stop');
      const message = naming('A user stopped', 'first benchmark', 'token 1', 'policy.model');
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Stopped', message } });
    });
  });

  it('in a step ends a run that is stopped after the step before, without its final benchmark', async () => {
    const stages: Partial<Stages> = {
      rolloutGroups: (input) => (input.step === 3 ? diverged() : scriptedStages([]).rolloutGroups(input as never)),
      captionClips: (input) => (input.step === 2 ? diverged() : scriptedStages([]).captionClips(input as never)),
    };
    const { result } = await played({ at: [], stages }, async (handle) => {
      await expect.poll(() => statusOf(handle), waits).toMatchObject({ stage: 'paused: not finite', step: 2 });
      await handle.signal('stop');
      return resultOf(handle);
    });
    const end = { how: 'stopped', step: 2, blocked: naming('token 1', 'videocap fork'), measuredStep: 0 };
    expect(result).toMatchObject({ steps: 2, end });
  });

  it('ends a benchmark at once', async () => {
    const stages = scriptedStages([], { captionClips: diverged });
    await runScripted(environment, 'benchmarkRun', [{}], stages, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Diverged' } });
    });
  });
});
