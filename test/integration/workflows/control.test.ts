import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import type { LlmJudgeConfig } from '../../../judge/judge-config.ts';
import { naming } from '../../refusal.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { type CallLog, ref, scriptedStages, updated } from './scripted-stages.ts';
import type { Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  // Histories count as long after a few steps, so that messages also meet a run that continues as new.
  environment = await startTemporal('--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=150');
}, 60_000);
afterAll(() => environment?.teardown());

/** Histories grow long in the fourth or fifth. */
const STEPS = 7;

const stepsOf = (calls: CallLog, name: string) => calls.filter(([called]) => called === name).map(([, step]) => step);
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);
const statusOf = (handle: WorkflowHandle) => handle.query<RunStatus>('status');
const resultOf = async (handle: WorkflowHandle) => (await handle.result()) as RunSummary;

/** A run to which `say` speaks while a step is at its update, so that the message is there before the step ends. */
async function spokenTo<T>(
  step: number,
  say: (handle: WorkflowHandle) => Promise<unknown>,
  after: (handle: WorkflowHandle, calls: CallLog) => Promise<T>,
  { overrides = {}, stages = {} }: { overrides?: object; stages?: Partial<Stages> } = {},
): Promise<{ result: T; calls: CallLog }> {
  const calls: CallLog = [];
  let handle: WorkflowHandle | undefined;
  const scripted = scriptedStages(calls, {
    updatePolicy: async (input) => {
      if (input.step === step) {
        await expect.poll(() => handle).toBeDefined();
        await say(handle!);
      }
      return updated(input.step);
    },
    ...stages,
  });
  const input = [{ overrides: { 'algorithm.steps': STEPS, ...overrides } }];
  const result = await runScripted(environment, 'trainingRun', input, scripted, async (started) => {
    // Whichever execution it has come to.
    handle = environment.client.workflow.getHandle(started.workflowId);
    return after(handle, calls);
  });
  return { result, calls };
}

describe('pause', () => {
  it.each([1, 3, 4, 5])(
    'in step %i: no step runs until resume, also when the run continues as new there',
    async (step) => {
      const { result, calls } = await spokenTo(
        step,
        async (handle) => {
          await handle.signal('pause');
          await handle.signal('pause');
        },
        async (handle, calls) => {
          await expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: 'paused', step });
          // It answers, and does nothing.
          for (let i = 0; i < 3; i++) expect(await statusOf(handle)).toMatchObject({ paused: true, step });
          expect(stepsOf(calls, 'updatePolicy')).toEqual(upTo(step));
          await handle.signal('resume');
          await handle.signal('resume');
          return resultOf(handle);
        },
      );
      expect(result.steps).toBe(STEPS);
      expect(stepsOf(calls, 'updatePolicy')).toEqual(upTo(STEPS));
    },
  );

  it('shows on the run’s page, with what to send', async () => {
    await spokenTo(
      1,
      (handle) => handle.signal('pause'),
      async (handle) => {
        await expect
          .poll(() => metadataOf(handle).then(({ currentDetails }) => currentDetails), { timeout: 30_000 })
          .toMatch(/\*\*Paused\*\* .*`resume`/);
        await handle.signal('resume');
        await handle.result();
        expect((await metadataOf(handle)).currentDetails).not.toContain('Paused');
      },
    );
  });
});

describe('stop', () => {
  it.each([1, 3, 4, 5])(
    'in step %i: that step is the last, with benchmark and report, also when the run would continue as new',
    async (step) => {
      const { result, calls } = await spokenTo(
        step,
        async (handle) => {
          await handle.signal('stop');
          await handle.signal('stop');
        },
        resultOf,
      );
      expect(result).toMatchObject({ steps: step, trained: { step } });
      expect(stepsOf(calls, 'updatePolicy')).toEqual(upTo(step));
      expect(stepsOf(calls, 'writeReport')).toHaveLength(1);
    },
  );

  it('of a paused run runs no further step', async () => {
    const { result, calls } = await spokenTo(
      2,
      (handle) => handle.signal('pause'),
      async (handle) => {
        await expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: 'paused' });
        await handle.signal('stop');
        return resultOf(handle);
      },
    );
    expect(result.steps).toBe(2);
    expect(stepsOf(calls, 'updatePolicy')).toEqual([1, 2]);
  });

  /** A judge that is blocked in some calls of its stages. */
  const blocked = (when: 'judgeCompletions' | 'scoreBenchmark', step: number): Partial<Stages> => ({
    [when]: (input: { step: number }) => {
      if (input.step === step) throw ApplicationFailure.nonRetryable('The key is wrong: set another.', 'JudgeBlocked');
      return scriptedStages([])[when](input as never);
    },
  });
  const stopAtGate = async (handle: WorkflowHandle) => {
    await expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: 'paused: judge' });
    const stopped = Date.now();
    await handle.signal('stop');
    await handle.result().catch(() => undefined);
    expect(Date.now() - stopped).toBeLessThan(10_000);
    return resultOf(handle);
  };

  it('of a run whose judge is blocked leaves out the step, and exports the step before', async () => {
    const { result, calls } = await spokenTo(99, async () => undefined, stopAtGate, {
      stages: blocked('judgeCompletions', 3),
    });
    const end = { how: 'stopped', step: 2, totalSteps: STEPS, blocked: 'The key is wrong: set another' };
    expect(result).toMatchObject({ steps: 2, end, policy: { step: 2 }, trained: { step: 2 } });
    expect(result.end).not.toHaveProperty('measuredStep');
    expect(stepsOf(calls, 'updatePolicy')).toEqual([1, 2]);
    expect(stepsOf(calls, 'writeReport')).toHaveLength(1);
    expect(stepsOf(calls, 'recordStep')).toEqual([0, 1, 2]);
  });

  it('says which benchmark is the last where the final one is left out', async () => {
    const { result, calls } = await spokenTo(99, async () => undefined, stopAtGate, {
      stages: blocked('judgeCompletions', 4),
    });
    // It stops before step 4, and the benchmark of step 3 is made: the judge of benchmarks answers.
    expect(result).toMatchObject({ steps: 3, end: { how: 'stopped', step: 3 }, trained: { step: 2 } });
    expect(result.end).toMatchObject({ measuredStep: 2 });
    expect(stepsOf(calls, 'scoreBenchmark')).toEqual([0, 2]);
  });

  it('in a benchmark that is blocked keeps the step', async () => {
    const { result, calls } = await spokenTo(99, async () => undefined, stopAtGate, {
      stages: blocked('scoreBenchmark', 4),
    });
    const end = { how: 'stopped', step: 4, measuredStep: 2, blocked: 'The key is wrong: set another' };
    expect(result).toMatchObject({ steps: 4, end, policy: { step: 4 }, trained: { step: 2 } });
    expect(stepsOf(calls, 'recordStep')).toEqual([0, 1, 2, 3, 4]);
  });

  it('that was sent before the judge is blocked does not wait there', async () => {
    const { result } = await spokenTo(3, (handle) => handle.signal('stop'), resultOf, {
      stages: blocked('scoreBenchmark', 3),
    });
    expect(result).toMatchObject({ steps: 3, end: { how: 'stopped', step: 3, measuredStep: 2 } });
  });

  it('before the first benchmark is complete ends the run as a failure with that reason', async () => {
    await spokenTo(
      99,
      async () => undefined,
      async (handle) => {
        await expect(stopAtGate(handle)).rejects.toMatchObject({
          cause: { type: 'Stopped', message: naming('A user stopped', 'first benchmark', 'The key is wrong') },
        });
        expect(await statusOf(handle)).toMatchObject({ stage: 'stopped', end: { how: 'stopped', step: 0 } });
      },
      { stages: blocked('scoreBenchmark', 0) },
    );
  });

  it.each([
    ['judge does not answer breaks off the question', 'judgeCompletions'],
    ['rollout servers do not answer breaks off the rollout', 'rolloutGroups'],
  ] as const)('of a run whose %s', async (_, stage) => {
    let aborted = false;
    const { result } = await spokenTo(
      99,
      async () => undefined,
      async (handle) => {
        await expect.poll(() => statusOf(handle), { timeout: 30_000 }).toHaveProperty('waiting');
        await handle.signal('stop');
        return resultOf(handle);
      },
      {
        stages: {
          [stage]: async (input: { step: number }) => {
            if (input.step < 2) return scriptedStages([])[stage](input as never);
            const { client, info, cancellationSignal, heartbeat } = Context.current();
            const { workflowId, runId } = info.workflowExecution!;
            const waiting = { why: 'It is away', since: Date.now() };
            await client.workflow.getHandle(workflowId, runId).signal('judgeWaits', waiting);
            const beats = setInterval(() => heartbeat(), 100);
            return new Promise((_, reject) =>
              cancellationSignal.addEventListener('abort', () => {
                aborted = true;
                clearInterval(beats);
                reject(cancellationSignal.reason);
              }),
            );
          },
        },
      },
    );
    expect(result).toMatchObject({ steps: 1, end: { how: 'stopped', step: 1, blocked: 'It is away' } });
    // The activity hears of it with its next heartbeat, which may be after the run's end.
    await expect.poll(() => aborted).toBe(true);
  });
});

describe('resume', () => {
  it('of a run that waits for nothing is harmless', async () => {
    const { result } = await spokenTo(3, (handle) => handle.signal('resume'), resultOf);
    expect(result.steps).toBe(STEPS);
  });
});

describe('setLimits', () => {
  const setLimits = (handle: WorkflowHandle, limits: object) =>
    handle.executeUpdate<object, [object]>('setLimits', { args: [limits] });

  it('holds from the next step on, adds up, and refuses what is no limit', async () => {
    const { result } = await spokenTo(
      2,
      async (handle) => {
        expect(await setLimits(handle, { maxSteps: 5 })).toEqual({ maxSteps: 5 });
        await expect(setLimits(handle, { maxSteps: -1 })).rejects.toMatchObject({
          cause: { message: expect.stringMatching(/^Wrong limits: maxSteps: .* Right ones are \{"judgeBudgetUsd"/) },
        });
        expect(await setLimits(handle, { judgeBudgetUsd: 5 })).toEqual({ maxSteps: 5, judgeBudgetUsd: 5 });
      },
      resultOf,
    );
    expect(result.steps).toBe(5);
  });

  it('lower than the step at which the run is paused ends it there', async () => {
    const { result, calls } = await spokenTo(
      3,
      (handle) => handle.signal('pause'),
      async (handle) => {
        await expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: 'paused' });
        await setLimits(handle, { maxSteps: 2 });
        await handle.signal('resume');
        return resultOf(handle);
      },
    );
    expect(result).toMatchObject({ steps: 3, trained: { step: 3 } });
    expect(stepsOf(calls, 'updatePolicy')).toEqual(upTo(3));
  });

  it('is heard before the config is read, and kept where `videocap resume` looks', async () => {
    let configRead = () => {};
    const read = new Promise<void>((resolve) => {
      configRead = resolve;
    });
    const { result } = await spokenTo(
      99,
      async () => undefined,
      async (handle) => {
        expect(await setLimits(handle, { maxSteps: 2 })).toEqual({ maxSteps: 2 });
        configRead();
        const summary = await resultOf(handle);
        expect((await handle.describe()).memo).toMatchObject({ limits: { maxSteps: 2 } });
        return summary;
      },
      {
        stages: {
          resolveConfig: async (input) => {
            await read;
            return scriptedStages([]).resolveConfig(input);
          },
        },
      },
    );
    expect(result.steps).toBe(2);
  });

  it('while the report is written is answered and changes nothing any more', async () => {
    let handle: WorkflowHandle | undefined;
    const { result } = await spokenTo(
      99,
      async () => undefined,
      (started) => {
        handle = started;
        return resultOf(started);
      },
      {
        stages: {
          writeReport: async () => {
            expect(await setLimits(handle!, { maxSteps: 50 })).toEqual({ maxSteps: 50 });
            await handle!.signal('pause');
            await handle!.signal('stop');
            expect(await statusOf(handle!)).toMatchObject({ step: STEPS });
            return { report: ref('report') };
          },
        },
      },
    );
    expect(result.steps).toBe(STEPS);
  });

  it('raises a budget that paused the run, which then continues', async () => {
    const { result } = await spokenTo(
      99,
      async () => undefined,
      async (handle) => {
        await expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: 'paused: judge' });
        const { judge } = await statusOf(handle);
        expect(judge!.usd).toBe(2);
        await handle.signal('resume');
        await expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject({ stage: 'paused: judge' });
        await setLimits(handle, { judgeBudgetUsd: 100 });
        await handle.signal('resume');
        return resultOf(handle);
      },
      {
        overrides: { 'judge.kind': 'llm' },
        stages: {
          // A budget of 2 USD, unless a limit says otherwise.
          judgeCompletions: (input) => {
            const { usd = 2 } = (input.judge as LlmJudgeConfig).budget;
            if (input.spent.usd >= usd) throw ApplicationFailure.nonRetryable('The budget is reached.', 'JudgeBlocked');
            return scriptedStages([]).judgeCompletions(input);
          },
        },
      },
    );
    expect(result.steps).toBe(STEPS);
  });
});

describe('the Temporal UI', () => {
  it('describes every message of a run', async () => {
    await spokenTo(
      99,
      async () => undefined,
      async (handle) => {
        const { definition } = await metadataOf(handle);
        const described = [
          ...definition.signalDefinitions,
          ...definition.updateDefinitions,
          ...definition.queryDefinitions,
        ]
          .filter(({ name }) => !name.startsWith('__'))
          .map(({ name, description }) => [name, description.length > 20]);
        expect(Object.fromEntries(described)).toEqual({
          ...{ pause: true, resume: true, stop: true, setLimits: true, status: true },
        });
        await handle.signal('stop');
        await handle.result();
      },
    );
  });

  it('offers no pause to a benchmark, which has no steps', async () => {
    const stages = scriptedStages([]);
    await runScripted(environment, 'benchmarkRun', [{}], stages, async (handle) => {
      await handle.result();
      const { definition } = await metadataOf(handle);
      expect(definition.signalDefinitions.map(({ name }) => name).sort()).toEqual(['resume', 'stop']);
    });
  });
});

interface Metadata {
  currentDetails: string;
  definition: Record<
    'signalDefinitions' | 'updateDefinitions' | 'queryDefinitions',
    { name: string; description: string }[]
  >;
}

const metadataOf = (handle: WorkflowHandle) => handle.query<Metadata>('__temporal_workflow_metadata');
