import { Context } from '@temporalio/activity';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { JUDGE_WAITS } from '../../../contracts/judge-waiting.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import {
  benchmarked,
  type CallLog,
  mlflowAway,
  policyAt,
  RULE_BASED,
  ref,
  scriptedStages,
  updated,
  usage,
} from './scripted-stages.ts';
import { scriptedRef } from './scripted-store.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const run = <T>(...[type, input, stages, during]: Rest<T>) => runScripted<T>(environment, type, input, stages, during);
type Rest<T> = Parameters<typeof runScripted<T>> extends [unknown, ...infer R] ? R : never;

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('the run should have failed'),
    (error: WorkflowFailedError) => error.cause as ApplicationFailure,
  );

/** Heartbeats for ever. */
async function beating(beat: () => void): Promise<never> {
  for (;;) {
    beat();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const stepsOf = (calls: CallLog, name: string) => calls.filter(([called]) => called === name).map(([, step]) => step);

describe('trainingRun', () => {
  it('evaluates, trains step by step, evaluates again, reports, and closes MLflow last', async () => {
    const calls: CallLog = [];
    const summary = await run<{ steps: number; trained: { step: number } }>('trainingRun', [{}], scriptedStages(calls));
    expect(summary).toMatchObject({
      steps: 2,
      base: { step: 0 },
      trained: { step: 2 },
      modelFolder: '/models/trained',
    });
    expect(stepsOf(calls, 'captionClips')).toEqual([0, 2]);
    expect(stepsOf(calls, 'updatePolicy')).toEqual([1, 2]);
    expect(stepsOf(calls, 'recordStep')).toEqual([0, 1, 2]);
    expect(calls.at(-1)?.[0]).toBe('finishTracking');
  });

  it('trains the SFT baseline without rollouts or judging', async () => {
    const calls: CallLog = [];
    await run('trainingRun', [{ overrides: { 'algorithm.kind': 'sft' } }], scriptedStages(calls));
    expect(stepsOf(calls, 'updatePolicy')).toEqual([1, 2]);
    expect(stepsOf(calls, 'rolloutGroups')).toEqual([]);
    expect(stepsOf(calls, 'judgeCompletions')).toEqual([]);
  });

  it('with a lag samples the next step while the judge scores this one, and updates after that', async () => {
    const calls: CallLog = [];
    const sampledBy: [step: number, policy: number][] = [];
    const spent: unknown[] = [];
    let firstIsJudged = () => {};
    const secondIsSampled = new Promise<void>((resolve) => (firstIsJudged = resolve));
    const stages = scriptedStages(calls, {
      resolveConfig: () => ({
        config: ExperimentConfig.parse({
          algorithm: { steps: 4, samplesPerStep: 2, rolloutLag: 1 },
          sampling: { groupSize: 2 },
          judge: { kind: 'llm', model: 'm', budget: { calls: 99 } },
          benchmark: { everySteps: 0 },
        }),
      }),
      rolloutGroups: ({ step, policy }) => {
        sampledBy.push([step, policy.step]);
        if (step === 2) firstIsJudged();
        return { rollout: ref('r'), completions: 4, tokens: 40, meanLength: 10, truncated: 0, seconds: 1 };
      },
      judgeCompletions: async ({ step, spent: before }) => {
        if (step === 1) await secondIsSampled;
        spent.push(before.calls);
        return {
          scores: scriptedRef({
            caption: [
              [1, 0],
              [0.5, 1],
            ].map((row) => row.map((value) => ({ value }))),
          }),
          ...{ verdicts: ref('verdicts'), usage: usage(4), seconds: 1 },
        };
      },
    });
    await run('trainingRun', [{}], stages);
    // The first two are asked for at once.
    expect(sampledBy.sort(([a], [b]) => a - b)).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 2],
    ]);
    expect(stepsOf(calls, 'updatePolicy')).toEqual([1, 2, 3, 4]);
    // One step at a time spends the budget, and knows what those before it have paid.
    expect(spent).toEqual([0, 4, 8, 12]);
  });

  it('with a lag has one stage at a time spend the budget of its judge, a benchmark among them', async () => {
    const paid: { before: number; asking: number }[] = [];
    let [asking, spent] = [0, 0];
    const asks = async <T>(before: { calls: number } | undefined, calls: number, answer: T): Promise<T> => {
      asking += 1;
      paid.push({ before: before!.calls - spent, asking });
      await new Promise((resolve) => setTimeout(resolve, 20));
      asking -= 1;
      spent += calls;
      return answer;
    };
    const script = scriptedStages([]);
    const stages = scriptedStages([], {
      resolveConfig: () => ({
        config: ExperimentConfig.parse({
          algorithm: { steps: 4, samplesPerStep: 2, rolloutLag: 1 },
          sampling: { groupSize: 2 },
          judge: { kind: 'llm', model: 'm', budget: { calls: 99 } },
          benchmark: { everySteps: 1 },
        }),
      }),
      judgeCompletions: async (given) => asks(given.spent, 4, await script.judgeCompletions(given as never)),
      scoreBenchmark: async (given) => asks(given.spent, 3, { ...benchmarked(), usage: usage(3) }),
    });
    await run('trainingRun', [{}], stages);
    expect(paid).toEqual(Array(4 + 5).fill({ before: 0, asking: 1 }));
  });

  describe('with a lag and a benchmark that waits behind a blocked judge', () => {
    const scripted = scriptedStages([]);
    const played = (end: (handle: WorkflowHandle, repair: () => void) => Promise<unknown>) => {
      let blocked = true;
      const stages = scriptedStages([], {
        resolveConfig: () => ({
          config: ExperimentConfig.parse({
            algorithm: { steps: 4, samplesPerStep: 2, rolloutLag: 1 },
            sampling: { groupSize: 2 },
            benchmark: { everySteps: 1 },
          }),
        }),
        judgeCompletions: (input) => {
          if (blocked && input.step === 3) throw ApplicationFailure.nonRetryable('The key is wrong.', 'JudgeBlocked');
          return scripted.judgeCompletions(input);
        },
      });
      return run('trainingRun', [{}], stages, async (handle) => {
        const captioned = async () => {
          const { events } = await handle.fetchHistory();
          const names = events!.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
          return names.filter((name) => name === 'captionClips').length;
        };
        // The captions of the start policy and of two steps: what scores the last ones comes next.
        await expect.poll(captioned, { timeout: 30_000 }).toBe(3);
        await expect.poll(() => handle.query('status'), { timeout: 30_000 }).toHaveProperty('blocked');
        return end(handle, () => (blocked = false));
      });
    };

    it('goes on at `resume`', async () => {
      const summary = await played(async (handle, repair) => {
        repair();
        await handle.signal('resume');
        return handle.result();
      });
      expect(summary).toMatchObject({ steps: 4, end: { how: 'finished' } });
    });

    it('ends at `stop`, with the benchmark', async () => {
      const summary = await played(async (handle) => {
        await handle.signal('stop');
        return handle.result();
      });
      expect(summary).toMatchObject({ steps: 2, end: { how: 'stopped', step: 2 } });
    });

    it('ends when it is cancelled', async () => {
      await played(async (handle) => {
        await handle.cancel();
        await expect(handle.result()).rejects.toThrow();
        expect((await handle.describe()).status.name).toBe('CANCELLED');
      });
    });
  });

  it('with a lag breaks off what it samples when a record cannot be stored', async () => {
    let isAhead = () => {};
    const ahead = new Promise<void>((resolve) => (isAhead = resolve));
    const stages = scriptedStages([], {
      resolveConfig: () => ({
        config: ExperimentConfig.parse({
          algorithm: { steps: 9, samplesPerStep: 2, rolloutLag: 1 },
          sampling: { groupSize: 2 },
          benchmark: { everySteps: 0 },
        }),
      }),
      rolloutGroups: async ({ step }) => {
        const context = Context.current();
        if (step === 3) {
          isAhead();
          await Promise.race([context.cancelled, beating(() => context.heartbeat())]);
        }
        return { rollout: ref('r'), completions: 4, tokens: 40, meanLength: 10, truncated: 0, seconds: 1 };
      },
      recordStep: async ({ record }) => {
        if (record.step !== 1) return;
        await ahead;
        throw ApplicationFailure.nonRetryable('It is too large', 'TooLarge');
      },
    });
    await run('trainingRun', [{}], stages, async (handle) => {
      expect(await failureOf(handle.result())).toMatchObject({ type: 'TooLarge', message: 'It is too large' });
      const { events } = await handle.fetchHistory();
      const asked = events!.filter(({ activityTaskCancelRequestedEventAttributes: attributes }) => attributes);
      const scheduled = events!.filter((event) =>
        asked.some((each) => each.activityTaskCancelRequestedEventAttributes!.scheduledEventId!.equals(event.eventId!)),
      );
      expect(scheduled.map((event) => event.activityTaskScheduledEventAttributes!.activityType!.name)).toContain(
        'rolloutGroups',
      );
    });
  });

  it('with a lag that is taken up samples its next step with the policy of the step before', async () => {
    const sampledBy: [step: number, policy: number][] = [];
    const base = { step: 0, metrics: { eventF1: 50 }, captions: ref('c'), details: ref('d'), judge: RULE_BASED };
    const stages = scriptedStages([], {
      findProgress: () => ({
        progress: {
          config: ExperimentConfig.parse({ algorithm: { steps: 4, rolloutLag: 1 }, benchmark: { everySteps: 0 } }),
          ...{ startTime: 1, step: 2, mirroredStep: 0, lastMetrics: {}, spent: { usd: 0, calls: 0 }, limits: {} },
          ...{ policy: policyAt(2), reference: policyAt(0), rolloutPolicy: policyAt(1) },
          evaluations: [{ ...base, policy: policyAt(0) }],
        },
      }),
      rolloutGroups: ({ step, policy }) => {
        sampledBy.push([step, policy.step]);
        return { rollout: ref('r'), completions: 4, tokens: 40, meanLength: 10, truncated: 0, seconds: 1 };
      },
    });
    await run('trainingRun', [{ resume: { run: 'earlier' } }], stages);
    expect(sampledBy.sort(([a], [b]) => a - b)).toEqual([
      [3, 1],
      [4, 2],
    ]);
  });

  it("starts from another run's checkpoint, which is found once, and shows it", async () => {
    const calls: CallLog = [];
    const loaded: unknown[] = [];
    const stages = scriptedStages(calls, {
      loadPolicy: ({ policy, reference }) => {
        loaded.push([policy.model, reference]);
        return { policy: reference! };
      },
    });
    const summary = await run('trainingRun', [{ overrides: { 'policy.model': 'run:sft-1' } }], stages);
    expect(calls.filter(([name]) => name === 'findStart')).toHaveLength(1);
    expect(loaded).toEqual([['run:sft-1@7', policyAt(0)]]);
    expect(summary).toMatchObject({ config: { policy: { model: 'run:sft-1@7' } } });
  });

  it('refuses, after the first benchmark, to look for the best of a metric that there is not', async () => {
    const calls: CallLog = [];
    const overrides = { 'checkpoints.best': { metric: 'objectRecall' } };
    const failure = await failureOf(run('trainingRun', [{ overrides }], scriptedStages(calls)));
    expect(failure).toMatchObject({ type: 'InvalidConfig', message: expect.stringContaining('set one of eventF1') });
    expect(stepsOf(calls, 'updatePolicy')).toEqual([]);
  });

  it.each([
    [{ confg: 'quickstart' }, 'Unrecognized key: "confg"'],
    [{ config: 7 }, 'config: Invalid input: expected string, received number'],
    [{ overrides: { 'algorithm.steps': [[1]] } }, 'overrides.algorithm.steps'],
    ['quickstart', 'expected object, received string'],
  ])('fails at once, with a sentence, on the input %j', async (input, sentence) => {
    const failure = await failureOf(run('trainingRun', [input], scriptedStages([])));
    expect(failure).toMatchObject({ type: 'InvalidRunInput', nonRetryable: true });
    expect(failure.message).toContain(sentence);
    expect(failure.message).toContain('A right one is {"config": "quickstart"');
  });

  it('fails once on an unknown workflow type', async () => {
    const failure = await failureOf(run('trainRun', [{}], scriptedStages([])));
    expect(failure.message).toBe(
      'Unknown workflow type "trainRun". Known: trainingRun, ablationSweep, benchmarkRun, datasetAnnotation.',
    );
  });

  it('is not slowed by an MLflow that is down, and mirrors everything once when it is back', async () => {
    const calls: CallLog = [];
    const { stages, mirrored } = mlflowAway();
    await run('trainingRun', [{}], scriptedStages(calls, stages));
    expect(stepsOf(calls, 'updatePolicy')).toEqual([1, 2]);
    expect(mirrored).toEqual([[0, 2]]);
  });

  it('that is taken up tells MLflow what it had not, though its dataset is not at hand yet', async () => {
    const algorithm = { kind: 'grpo', steps: 3, samplesPerStep: 2 };
    const base = { step: 0, metrics: { eventF1: 50 }, captions: ref('c'), details: ref('d'), judge: RULE_BASED };
    const mirrored: [number, number][] = [];
    let tracked = false;
    const stages = scriptedStages([], {
      findProgress: () => ({
        progress: {
          config: ExperimentConfig.parse({ algorithm, sampling: { groupSize: 2 } }),
          ...{ startTime: 1, step: 2, policy: policyAt(2), reference: policyAt(0), mirroredStep: 0, lastMetrics: {} },
          ...{ spent: { usd: 0, calls: 0 }, limits: {} },
          evaluations: [{ ...base, policy: policyAt(0) }],
        },
      }),
      startTracking: () => {
        tracked = true;
        return { mlflowRunId: 'm', experimentId: '1', runUrl: 'http://127.0.0.1/m' };
      },
      prepareDataset: async () => {
        await expect.poll(() => tracked).toBe(true);
        // Time for a mirror that would not wait.
        await new Promise((resolve) => setTimeout(resolve, 300));
        return { manifest: ref('manifest'), digest: 'd', train: 4, heldOut: 2, quarantined: 0 };
      },
      mirrorRecords: ({ fromStep, toStep }) => void mirrored.push([fromStep, toStep]),
    });
    await run('trainingRun', [{ resume: { run: 'earlier' } }], stages);
    expect(mirrored[0]![0]).toBe(1);
    expect(mirrored.at(-1)![1]).toBe(3);
  });

  it('marks MLflow KILLED when cancelled', async () => {
    const finished: { status: string }[] = [];
    let started = () => {};
    const updating = new Promise<void>((resolve) => {
      started = resolve;
    });
    const stages = scriptedStages([], {
      finishTracking: (input) => void finished.push(input),
      updatePolicy: ({ step }) => {
        if (step === 3) started();
        return updated(step);
      },
    });
    const failure = await failureOf(
      run('trainingRun', [{ overrides: { 'algorithm.steps': 1000 } }], stages, async (handle) => {
        await updating;
        await handle.cancel();
        return handle.result();
      }),
    );
    expect(failure.name).toBe('CancelledFailure');
    expect(finished).toMatchObject([{ status: 'KILLED' }]);
  });
});

describe('a judge that is blocked', () => {
  const blocked = ApplicationFailure.nonRetryable('The judge has no quota left: top up the account.', 'JudgeBlocked');

  it('pauses the run with its sentence until resumed, then asks again', async () => {
    const calls: CallLog = [];
    let repaired = false;
    const spentBefore: unknown[] = [];
    const stages = scriptedStages(calls, {
      judgeCompletions: ({ spent }) => {
        spentBefore.push(spent);
        if (!repaired) throw blocked;
        const caption = [
          [{ value: 1 }, { value: 0 }],
          [{ value: 1 }, { value: 0 }],
        ];
        return { scores: scriptedRef({ caption }), verdicts: ref('verdicts'), usage: usage(4), seconds: 1 };
      },
    });
    const summary = await run<{ steps: number }>('trainingRun', [{}], stages, async (handle) => {
      await expect
        .poll(() => handle.query('status'))
        .toMatchObject({ stage: 'paused: judge', blocked: 'The judge has no quota left: top up the account.' });
      // Asking again without a remedy only pauses again.
      await handle.signal('resume');
      await expect.poll(() => stepsOf(calls, 'judgeCompletions').length).toBe(2);
      await expect.poll(() => handle.query('status')).toMatchObject({ stage: 'paused: judge' });
      repaired = true;
      await handle.signal('resume');
      return (await handle.result()) as { steps: number };
    });
    expect(summary.steps).toBe(2);
    expect(stepsOf(calls, 'judgeCompletions')).toEqual([1, 1, 1, 2]);
    expect(stepsOf(calls, 'updatePolicy')).toEqual([1, 2]);
    expect(spentBefore.at(-1)).toEqual({ calls: 4, usd: 1 });
  });

  it('pauses a benchmark too, and cancelling ends it', async () => {
    const stages = scriptedStages([], {
      scoreBenchmark: () => {
        throw blocked;
      },
    });
    const failure = await failureOf(
      run('benchmarkRun', [{}], stages, async (handle) => {
        await expect.poll(() => handle.query('status')).toMatchObject({ stage: 'paused: judge' });
        await handle.cancel();
        return handle.result();
      }),
    );
    expect(failure.name).toBe('CancelledFailure');
  });
});

describe('a judge that answers, but hardly ever so that a score can be read', () => {
  const stagesWith = (scorable: (step: number) => boolean, calls: CallLog) => {
    const stages = scriptedStages(calls, {
      judgeCompletions: ({ step }) => {
        const unscorable = { unscorable: true, reason: 'it ended before its thinking did' } as const;
        const score = scorable(step) ? { value: 1 } : unscorable;
        const caption = [
          [score, unscorable],
          [score, unscorable],
        ];
        return { scores: scriptedRef({ caption }), verdicts: ref('verdicts'), usage: usage(4), seconds: 1 };
      },
    });
    return stages;
  };
  const input = (steps: number) => [{ overrides: { 'algorithm.steps': steps, 'judge.kind': 'llm' } }];
  const paused = {
    stage: 'paused: judge',
    blocked: expect.stringMatching(
      /^The judge has scored 0 % of .* less than 25 % in 2 steps in a row .* thinking did/,
    ),
    waiting: { why: expect.any(String), since: expect.any(Number) },
  };

  it('pauses the run after two such steps in a row, and again after two more', async () => {
    const calls: CallLog = [];
    const summary = await run<{ steps: number }>(
      'trainingRun',
      input(5),
      stagesWith(() => false, calls),
      async (handle) => {
        await expect.poll(() => handle.query('status'), { timeout: 20_000 }).toMatchObject({ step: 2, ...paused });
        expect(stepsOf(calls, 'judgeCompletions')).toEqual([1, 2]);
        await handle.signal('resume');
        await expect.poll(() => handle.query('status'), { timeout: 20_000 }).toMatchObject({ step: 4, ...paused });
        await handle.signal('resume');
        return (await handle.result()) as { steps: number };
      },
    );
    expect(summary.steps).toBe(5);
  });

  it('pauses it also at its end, where stop lets it end', async () => {
    const summary = await run<{ steps: number }>(
      'trainingRun',
      input(2),
      stagesWith(() => false, []),
      async (handle) => {
        await expect.poll(() => handle.query('status'), { timeout: 20_000 }).toMatchObject({ step: 2, ...paused });
        await handle.signal('stop');
        return (await handle.result()) as { steps: number };
      },
    );
    expect(summary.steps).toBe(2);
  });

  it('does not pause it while every second step has scores', async () => {
    const summary = await run<{ steps: number }>(
      'trainingRun',
      input(4),
      stagesWith((step) => step % 2 === 0, []),
    );
    expect(summary.steps).toBe(4);
  });
});

describe('a judge that does not answer for a while', () => {
  it('is shown with its first reason and the time until the stage is done', async () => {
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const stages = scriptedStages([], {
      judgeCompletions: async (given) => {
        await answered;
        return scriptedStages([]).judgeCompletions(given);
      },
    });
    await run('trainingRun', [{}], stages, async (handle) => {
      await expect.poll(() => handle.query('status')).toMatchObject({ stage: 'scoring' });
      await handle.signal(JUDGE_WAITS, { why: 'The judge is away', since: 1_000 });
      expect(await handle.query('status')).toMatchObject({
        stage: 'scoring',
        waiting: { why: 'The judge is away', since: 1_000 },
      });
      answer();
      const done = await handle.result();
      expect(await handle.query('status')).not.toHaveProperty('waiting');
      return done;
    });
  });
});

describe('benchmarkRun', () => {
  it('benchmarks a checkpoint without training', async () => {
    const calls: CallLog = [];
    const evaluation = await run('benchmarkRun', [{ checkpoint: 'tiny' }], scriptedStages(calls));
    expect(evaluation).toMatchObject({ step: 0, metrics: { eventF1: 50 } });
    expect(stepsOf(calls, 'updatePolicy')).toEqual([]);
  });
});
