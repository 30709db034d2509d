import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSummary, StepRecord, SuiteEvaluation } from '../../../contracts/run-results.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { benchmarked, type CallLog, ref, scriptedStages, suiteScored, usage } from './scripted-stages.ts';
import type { StageInput, Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
});
afterAll(() => environment?.teardown());

const suites = [
  { suite: 'dream1k', annotations: '/data/DREAM-1k.jsonl', videos: '/data/videos', limit: 100 },
  { suite: 'carebench', annotations: '/data/carebench.json', videos: '/data/videos' },
];
const config = ExperimentConfig.parse({
  algorithm: { kind: 'grpo', steps: 2, samplesPerStep: 2 },
  sampling: { groupSize: 2 },
  judge: { kind: 'llm', model: 'm' },
  benchmark: { everySteps: 1, suites },
});

/** Scripted stages of a run whose suites have two parts each; what they were given is kept. */
function stagesOf(calls: CallLog, overrides: Partial<Stages> = {}) {
  const given = {
    captioned: [] as StageInput<'captionClips'>[],
    scored: [] as StageInput<'scoreSuite'>[],
    records: [] as StepRecord[],
  };
  const stages = scriptedStages(calls, {
    resolveConfig: () => ({ config }),
    captionClips: (input) => {
      given.captioned.push(input);
      return { captions: ref(`captions-${input.list}`), seconds: 1 };
    },
    scoreSuite: (input) => {
      given.scored.push(input);
      const suite = given.scored.length % 2 === 1 ? 'dream1k' : 'carebench';
      return suiteScored({ suite, metrics: { f1: 40 + given.scored.length } });
    },
    recordStep: ({ record }) => void given.records.push(record),
    ...overrides,
  });
  return { stages, given };
}

const run = <T>(
  type: string,
  input: object,
  stages: ReturnType<typeof scriptedStages>,
  during?: (handle: WorkflowHandle) => Promise<T>,
) => runScripted<T>(environment, type, [input], stages, during);
const stepsOf = (calls: CallLog, name: string) => calls.filter(([called]) => called === name).map(([, step]) => step);

describe('published benchmarks inside a run', () => {
  it('measure the base and the trained policy, not those in between', async () => {
    const calls: CallLog = [];
    const { stages, given } = stagesOf(calls);
    const summary = await run<RunSummary>('trainingRun', {}, stages);
    expect(stepsOf(calls, 'scoreBenchmark')).toEqual([0, 1, 2]);
    expect(stepsOf(calls, 'scoreSuite')).toEqual([0, 0, 2, 2]);
    expect(summary.base.suites?.map(({ suite, step }) => [suite, step])).toEqual([
      ['dream1k', 0],
      ['carebench', 0],
    ]);
    expect(summary.trained.suites?.map(({ policy }) => policy?.step)).toEqual([2, 2]);
    expect(given.scored.map(({ subject }) => subject)).toEqual([
      ...['tiny, step 0, greedy', 'tiny, step 0, greedy'],
      ...['tiny, step 2, greedy', 'tiny, step 2, greedy'],
    ]);
  });

  it('put their numbers beside those of the held-out split, where MLflow mirrors them', async () => {
    const { stages, given } = stagesOf([]);
    const summary = await run<RunSummary>('trainingRun', {}, stages);
    expect(summary.trained.metrics).toMatchObject({ eventF1: 50, 'dream1k/f1': 43, 'carebench/f1': 44 });
    const recorded = given.records.map(({ metrics }) => [metrics['eval/eventF1'], metrics['eval/dream1k/f1']]);
    expect(recorded).toEqual([
      [50, 41],
      [50, undefined],
      [50, 43],
    ]);
  });

  it('are captioned part by part, each under a name of its own, and paid from the run’s budget', async () => {
    const { stages, given } = stagesOf([]);
    await run('trainingRun', {}, stages);
    expect(given.captioned.slice(0, 5).map(({ list }) => list)).toEqual([
      ...['held-out', 'dream1k-1', 'dream1k-2', 'carebench-1', 'carebench-2'],
    ]);
    expect(given.scored[1]).toMatchObject({
      captions: [ref('captions-carebench-1'), ref('captions-carebench-2')],
      spent: { calls: 10, usd: 2.5 },
    });
  });

  it('are judged by benchmark.judge where there is one, with a budget and a bill of its own', async () => {
    const judge = { kind: 'llm' as const, model: 'other', budget: { calls: 100 } };
    const heldOut: StageInput<'scoreBenchmark'>[] = [];
    const spentOnRewards: unknown[] = [];
    const own = ExperimentConfig.parse({ ...config, judge: { kind: 'rule-based' }, benchmark: { suites, judge } });
    const { stages, given } = stagesOf([], {
      resolveConfig: () => ({ config: own }),
      scoreBenchmark: (input) => {
        heldOut.push(input);
        return benchmarked({ metrics: { eventF1: 50 }, usage: usage(3) });
      },
    });
    const judgeCompletions = stages.judgeCompletions;
    stages.judgeCompletions = (input) => {
      spentOnRewards.push([input.judge.kind, input.spent]);
      return judgeCompletions(input);
    };
    await run('trainingRun', {}, stages);
    const asked = [...heldOut, ...given.scored];
    for (const input of asked)
      expect(input).toMatchObject({
        judge: { model: 'other', budget: { calls: 100 } },
        judgeSection: 'benchmark.judge',
      });
    // Each held-out benchmark pays 3 questions and each suite 10; the step's 4 are the other judge's.
    expect(asked.map(({ spent }) => spent?.calls)).toEqual([0, 23, 3, 13, 26, 36]);
    expect(spentOnRewards).toEqual([
      ['rule-based', { calls: 0, usd: 0 }],
      ['rule-based', { calls: 4, usd: 1 }],
    ]);
  });

  it('are measured when a user stops the run during a measurement; nothing is measured or paid for twice', async () => {
    const calls: CallLog = [];
    let handle: WorkflowHandle | undefined;
    const { stages, given } = stagesOf(calls, {
      scoreBenchmark: async (input) => {
        await expect.poll(() => handle).toBeDefined();
        if (input.step === 1) await handle!.signal('stop');
        return benchmarked({ metrics: { eventF1: 50 }, usage: usage(3) });
      },
    });
    const summary = await run<RunSummary>('trainingRun', {}, stages, async (started) => {
      handle = started;
      return (await started.result()) as RunSummary;
    });
    expect(summary).toMatchObject({ steps: 1, trained: { step: 1 } });
    expect(summary.trained.suites).toHaveLength(2);
    expect(stepsOf(calls, 'captionClips').filter((step) => step === 1)).toHaveLength(1 + 2 * 2);
    expect(stepsOf(calls, 'scoreBenchmark')).toEqual([0, 1]);
    expect(stepsOf(calls, 'scoreSuite')).toEqual([0, 0, 1, 1]);
    // Base benchmark 3 and suites 20, the step's captions 4, its benchmark 3: each once.
    expect(given.scored[2]!.spent).toEqual({ calls: 30, usd: 7.5 });
  });

  it('are captioned as the prepared suite says, not as the held-out clips are', async () => {
    const frames = { count: 16, sampling: 'ends' as const, minPixels: 784, maxPixels: 460_800, factor: 28 };
    const decoding = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1.2 };
    const captioning = { like: 'authors' as const, own: [], frames, maxNewTokens: 512, decoding };
    const [asked, extracted] = [[] as StageInput<'prepareSuite'>[], [] as StageInput<'extractFrames'>[]];
    const prompt = { output: 'structured' as const, texts: ['Analyse, then describe.'] };
    const own = ExperimentConfig.parse({
      ...config,
      prompt,
      benchmark: { ...config.benchmark, suites: [{ ...suites[1], captioning: { maxNewTokens: 512 } }] },
    });
    const { stages, given } = stagesOf([], {
      resolveConfig: () => ({ config: own }),
      prepareSuite: (input) => {
        asked.push(input);
        return { items: ref('items'), manifests: [ref('part-1')], captioning, clips: 1, missing: 0 };
      },
      extractFrames: (input) => {
        extracted.push(input);
        return { clips: ref('clips') };
      },
    });
    await run('trainingRun', {}, stages);
    const { maxNewTokens } = own.benchmark;
    expect(asked[0]).toMatchObject({
      source: { captioning: { like: 'authors', maxNewTokens: 512 } },
      run: { prompt: 'Analyse, then describe.', frames: own.frames, maxNewTokens, decoding: { temperature: 0 } },
    });
    expect(extracted.find(({ manifest }) => manifest.uri === ref('part-1').uri)?.frames).toEqual(frames);
    const ofSuite = given.captioned.filter(({ list }) => list === 'carebench-1');
    expect(ofSuite[0]).toMatchObject({ maxNewTokens: 512, decoding });
    expect(given.captioned.find(({ list }) => list === 'held-out')).toMatchObject({ maxNewTokens });
    expect(given.scored[0]?.subject).toBe('tiny, step 0, greedy, repetitionPenalty 1.2');
  });

  it('end the run before it trains when they cannot be read', async () => {
    const calls: CallLog = [];
    const { stages } = stagesOf(calls, {
      prepareSuite: () => {
        throw ApplicationFailure.nonRetryable('DREAM-1K file /data/DREAM-1k.jsonl does not exist.', 'InvalidDataset');
      },
    });
    await expect(run('trainingRun', {}, stages)).rejects.toMatchObject({
      cause: { message: 'DREAM-1K file /data/DREAM-1k.jsonl does not exist.' },
    });
    expect(stepsOf(calls, 'updatePolicy')).toEqual([]);
  });
});

describe('benchmarkRun of a published benchmark', () => {
  const source = { suite: 'dream1k', annotations: '/data/DREAM-1k.jsonl' };

  it('makes no dataset, and with predictions needs no policy', async () => {
    const calls: CallLog = [];
    const { stages, given } = stagesOf(calls, {
      prepareSuite: () => ({ items: ref('items'), manifests: [], predictions: ref('p'), clips: 97, missing: 3 }),
    });
    const evaluation = await run<SuiteEvaluation>(
      'benchmarkRun',
      { ...source, predictions: '/data/own.jsonl' },
      stages,
    );
    expect(evaluation).toMatchObject({ suite: 'dream1k', step: 0, metrics: { f1: 41 } });
    expect(calls.map(([name]) => name)).toEqual([
      ...['resolveConfig', 'prepareSuite', 'findJudgeVersion', 'scoreSuite'],
    ]);
    expect(given.scored[0]).toMatchObject({ captions: [ref('p')], subject: '/data/own.jsonl' });
  });

  it('loads a policy and nothing else', async () => {
    const calls: CallLog = [];
    const { stages } = stagesOf(calls);
    await run('benchmarkRun', { ...source, videos: '/data/videos', checkpoint: 'tiny' }, stages);
    expect(calls.map(([name]) => name)).toEqual([
      ...['resolveConfig', 'loadPolicy', 'prepareSuite', 'findJudgeVersion'],
      ...['extractFrames', 'captionClips', 'extractFrames', 'captionClips', 'scoreSuite'],
    ]);
  });
});
