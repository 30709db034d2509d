import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSummary } from '../../../contracts/run-results.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import type { Place } from '../../../core/place.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { benchmarked, type CallLog, ref, scriptedStages, updated, usage } from './scripted-stages.ts';
import type { StageName, Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const script = scriptedStages([]);
const sampled = () => ({ rollout: ref('r'), completions: 4, tokens: 40, meanLength: 10, truncated: 0, seconds: 1 });
const judged = (input: unknown) => script.judgeCompletions(input as never);
const named = ({ step, part }: Place) => `${step}.${part}`;

/** Steps of six samples, which are sampled two at a time: parts 0, 1 and 2. */
function played<T>(
  { algorithm, ...overrides }: Partial<Stages> & { algorithm?: object },
  during: (handle: WorkflowHandleWithFirstExecutionRunId) => Promise<T>,
  calls: CallLog = [],
) {
  const stages = scriptedStages(calls, {
    resolveConfig: () => ({
      config: ExperimentConfig.parse({
        algorithm: { steps: 3, samplesPerStep: 6, samplesPerPart: 2, ...algorithm },
        sampling: { groupSize: 2 },
        judge: { kind: 'llm', model: 'm', budget: { calls: 99 } },
        benchmark: { everySteps: 1 },
      }),
    }),
    prepareDataset: () => ({ manifest: ref('manifest'), digest: 'd', train: 6, heldOut: 2, quarantined: 0 }),
    rolloutGroups: sampled,
    ...overrides,
  });
  return runScripted<T>(environment, 'trainingRun', [{}], stages, during);
}

const resultOf = async (handle: WorkflowHandle) => (await handle.result()) as RunSummary;
const statusOf = (handle: WorkflowHandle) => handle.query<RunStatus>('status');
const shows = (handle: WorkflowHandle, status: object) =>
  expect.poll(() => statusOf(handle), { timeout: 30_000 }).toMatchObject(status);
const PLACES = [1, 2, 3].flatMap((step) => [0, 1, 2].map((part) => `${step}.${part}`));

it.each([0, 1])('with a lag of %i parts are sampled and judged in order, each by itself', async (rolloutLag) => {
  const [sampling, judging]: string[][] = [[], []];
  const busy = { engine: 0, judge: 0 };
  const most = { engine: 0, judge: 0, both: 0 };
  const notKnown: number[] = [];
  let paid = 0;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const atWork = async <T>(what: 'engine' | 'judge', milliseconds: number, answer: T): Promise<T> => {
    busy[what] += 1;
    most[what] = Math.max(most[what], busy[what]);
    if (busy.engine && busy.judge) most.both += 1;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    busy[what] -= 1;
    return answer;
  };
  const asked = async <T>(spent: { calls: number } | undefined, calls: number, answer: T) => {
    if (spent!.calls !== paid) notKnown.push(paid - spent!.calls);
    const given = await atWork('judge', 5, answer);
    paid += calls;
    return given;
  };
  await played(
    {
      algorithm: { rolloutLag },
      extractFrames: async ({ samples }) => {
        // Of the run's first two steps, which are sampled at once, the second's frames are there later.
        if (samples !== 'held-out' && samples.step === 2) await begun;
        return { clips: ref('clips') };
      },
      rolloutGroups: (place) => {
        begin();
        sampling!.push(named(place));
        return atWork('engine', 40, sampled());
      },
      updatePolicy: ({ step }) => {
        sampling!.push(`update ${step}`);
        return atWork('engine', 10, updated(step));
      },
      judgeCompletions: async (input) => {
        judging!.push(named(input));
        return asked(input.spent, 4, await judged(input));
      },
      scoreBenchmark: ({ spent }) => asked(spent, 3, benchmarked({ usage: usage(3) })),
    },
    resultOf,
  );
  const parts = (step: number) => PLACES.slice(3 * (step - 1), 3 * step);
  // With a lag the parts of the step ahead come before the update that replaces their policy.
  const order = rolloutLag
    ? [...parts(1), ...parts(2), 'update 1', ...parts(3), 'update 2', 'update 3']
    : [1, 2, 3].flatMap((step) => [...parts(step), `update ${step}`]);
  expect({ sampling, judging, paid }).toEqual({ sampling: order, judging: PLACES, paid: 9 * 4 + 4 * 3 });
  expect({ ...most, notKnown }).toEqual({ engine: 1, judge: 1, both: expect.any(Number), notKnown: [] });
  expect(most.both).toBeGreaterThan(3);
});

describe('in the middle of a part', () => {
  /** Samples this part until it is cancelled. */
  const neverSampled = (at: string) => {
    const state = { begun: false };
    const rolloutGroups: Stages['rolloutGroups'] = async (place) => {
      if (named(place) !== at) return sampled();
      state.begun = true;
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), 200);
      await context.cancelled.finally(() => clearInterval(beat));
      return sampled();
    };
    return { state, rolloutGroups };
  };
  /** Refuses to judge this part until it is repaired. */
  const blockedAt = (at: string) => {
    const state = { blocked: true };
    const judgeCompletions: Stages['judgeCompletions'] = (input) => {
      if (state.blocked && named(input) === at)
        throw ApplicationFailure.nonRetryable('The key is wrong.', 'JudgeBlocked');
      return judged(input);
    };
    return { state, judgeCompletions };
  };

  it.each([0, 1])(
    '`stop` ends a run with a lag of %i whose judge is blocked, and the sampling too',
    async (rolloutLag) => {
      const { judgeCompletions } = blockedAt('2.0');
      const { state, rolloutGroups } = neverSampled('2.1');
      await played({ algorithm: { rolloutLag }, judgeCompletions, rolloutGroups }, async (handle) => {
        await expect.poll(() => state.begun, { timeout: 30_000 }).toBe(true);
        // With a lag the update of step 1 comes after the parts of the step ahead.
        const shown = rolloutLag === 0 ? { step: 1, part: { number: 2, of: 3 } } : { step: 0, stage: 'paused: judge' };
        await shows(handle, { blocked: 'The key is wrong.', ...shown });
        await handle.signal('stop');
        expect(await resultOf(handle)).toMatchObject({ steps: 1, end: { how: 'stopped', step: 1 } });
        const { events } = await handle.fetchHistory();
        const cancelled = events!.map((event) => event.activityTaskCancelRequestedEventAttributes).filter(Boolean);
        expect(cancelled).toHaveLength(1);
      });
    },
  );

  it('`pause` waits for the step with all its parts', async () => {
    const places: string[] = [];
    let pause = async () => {};
    const summary = await played(
      {
        judgeCompletions: async (input) => {
          places.push(named(input));
          if (named(input) === '1.0') await pause();
          return judged(input);
        },
      },
      async (handle) => {
        pause = () => handle.signal('pause');
        await shows(handle, { stage: 'paused', step: 1 });
        expect(places).toEqual(PLACES.slice(0, 3));
        await handle.signal('resume');
        return resultOf(handle);
      },
    );
    expect(summary.steps).toBe(3);
    expect(places).toEqual(PLACES);
  });

  it('`resume` asks again for both that wait, the judge of one part and the servers of the next', async () => {
    const { state, judgeCompletions } = blockedAt('2.0');
    const places: string[] = [];
    const stages: Partial<Stages> = {
      judgeCompletions,
      rolloutGroups: (place) => {
        places.push(named(place));
        if (state.blocked && named(place) === '2.1')
          throw ApplicationFailure.nonRetryable('No server.', 'JudgeBlocked');
        return sampled();
      },
    };
    await played(stages, async (handle) => {
      await shows(handle, { blocked: expect.stringMatching(/^(?=.*The key is wrong\.)(?=.*No server\.)/) });
      const { waiting, alsoWaiting = [] } = await statusOf(handle);
      expect([waiting!, ...alsoWaiting].map(({ of }) => of).sort()).toEqual(['rollout server', undefined]);
      state.blocked = false;
      await handle.signal('resume');
      expect(await resultOf(handle)).toMatchObject({ steps: 3 });
    });
    expect(places).toEqual([...PLACES.slice(0, 5), '2.1', ...PLACES.slice(5)]);
  });

  it('a worker that keeps dying in two parts at once is one pause', async () => {
    const left = { rolloutGroups: 1, scoreCompletions: 1 };
    const dying = (name: keyof typeof left & StageName, at: string) => (input: Place) => {
      if (named(input) === at && left[name]-- > 0) throw ApplicationFailure.nonRetryable(`${name} died.`, 'WorkerDied');
      return (name === 'rolloutGroups' ? sampled() : script[name](input as never)) as never;
    };
    const stages = {
      rolloutGroups: dying('rolloutGroups', '1.1'),
      scoreCompletions: dying('scoreCompletions', '1.0'),
    };
    const summary = await played(stages, async (handle) => {
      await shows(handle, { died: expect.stringMatching(/^(?=.*rolloutGroups died\.)(?=.*scoreCompletions died\.)/) });
      await handle.signal('resume');
      return resultOf(handle);
    });
    expect(summary.steps).toBe(3);
  });

  it('a reset of the run goes on from there', async () => {
    await played({ algorithm: { rolloutLag: 1 } }, async (handle) => {
      const whole = await resultOf(handle);
      const { events } = await handle.fetchHistory();
      const judgedAt = events!.filter(
        ({ activityTaskScheduledEventAttributes: at }) => at?.activityType?.name === 'judgeCompletions',
      );
      for (const { activityTaskScheduledEventAttributes: at } of [judgedAt[1]!, judgedAt[4]!, judgedAt[6]!]) {
        const { runId } = await environment.client.workflowService.resetWorkflowExecution({
          ...{ namespace: 'default', reason: 'a test', requestId: randomUUID() },
          workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
          workflowTaskFinishEventId: at!.workflowTaskCompletedEventId!,
        });
        const again = await resultOf(environment.client.workflow.getHandle(handle.workflowId, runId));
        expect(again).toMatchObject({ steps: 3, trained: whole.trained, end: whole.end });
      }
    });
  });
});
