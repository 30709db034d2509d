import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { Evaluation, RunSummary } from '../../../contracts/run-results.ts';
import type { RunProgress } from '../../../contracts/run-state.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { benchmarked, type CallLog, policyAt, ref, scriptedStages, suiteScored } from './scripted-stages.ts';
import type { StageInput, Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const ALGORITHM = { kind: 'grpo', steps: 4, samplesPerStep: 2 };
const FORK = { fork: { run: 'parent', step: 2 } };
const clips = (name: string) => () => ({ clips: { ...ref(name), sha256: name.repeat(64).slice(0, 64) } });
const PARENTS_CLIPS = { extractFrames: clips('a') };
const OTHER_CLIPS = { extractFrames: clips('b') };
const suites = [{ suite: 'dream1k', annotations: '/data/DREAM-1k.jsonl', videos: '/data/videos' }];

/** What a run says of itself that makes two steps: its states after each of them. */
async function parentOf(config: object, stages: Partial<Stages>): Promise<Map<number, RunProgress>> {
  const states = new Map<number, RunProgress>();
  const scripted = scriptedStages([], {
    ...{ resolveConfig: () => ({ config: configOf(config) }), ...PARENTS_CLIPS, ...stages },
    recordStep: ({ record, progress }) => void states.set(record.step, progress),
  });
  await runScripted(environment, 'trainingRun', [{}], scripted);
  return states;
}

function configOf(more: { benchmark?: object } & object = {}) {
  return ExperimentConfig.parse({
    algorithm: ALGORITHM,
    sampling: { groupSize: 2 },
    ...more,
    benchmark: { everySteps: 2, ...more.benchmark },
  });
}

/** A fork of the parent's second step, with what it was asked to do and to tell. */
async function forkOf(states: Map<number, RunProgress>, config: object, stages: Partial<Stages>) {
  const calls: CallLog = [];
  const captioned: [step: number, list: string, policy: number][] = [];
  const told = {
    tracked: [] as StageInput<'startTracking'>[],
    mirrored: [] as StageInput<'mirrorRecords'>[],
    finished: [] as StageInput<'finishTracking'>[],
    reported: [] as StageInput<'writeReport'>[],
    forked: [] as StageInput<'forkProgress'>[],
  };
  const scripted = scriptedStages(calls, {
    forkProgress: (input) => {
      told.forked.push(input);
      const { startTime } = input;
      const forkedFrom = { run: 'parent-1', step: 2 };
      const own = { config: configOf(config), startTime: startTime!, forkedFrom, mirroredStep: -1 };
      return { progress: { ...states.get(2)!, ...own } };
    },
    captionClips: ({ step, list, policy }) => {
      captioned.push([step, list, policy.step]);
      return { captions: ref('captions'), seconds: 1 };
    },
    startTracking: (input) => {
      told.tracked.push(input);
      return { mlflowRunId: 'm', experimentId: '1', runUrl: 'http://127.0.0.1/m' };
    },
    mirrorRecords: (input) => void told.mirrored.push(input),
    finishTracking: (input) => void told.finished.push(input),
    writeReport: (input) => {
      told.reported.push(input);
      return { report: ref('report.html') };
    },
    scoreBenchmark: () => benchmarked({ metrics: { eventF1: 30 } }),
    ...stages,
  });
  const summary = await runScripted<RunSummary>(environment, 'trainingRun', [FORK], scripted);
  return { summary, captioned, told, calls };
}

const ofTraining = (rows: [number, string, number][]) => rows.filter(([step]) => step > 2);
const inherited = (rows: [number, string, number][]) => rows.filter(([step]) => step <= 2);
const scoreOf = ({ metrics }: Evaluation) => metrics.eventF1;

describe('a fork whose benchmark is its parent’s', () => {
  it('keeps the parent’s numbers, measures nothing again, and says where it was forked', async () => {
    const states = await parentOf({}, {});
    const { summary, captioned, told } = await forkOf(
      states,
      { algorithm: { ...ALGORITHM, beta: 0.5 } },
      PARENTS_CLIPS,
    );
    expect(inherited(captioned)).toEqual([]);
    expect(scoreOf(summary.base)).toBe(50);
    const forkedFrom = { run: 'parent-1', step: 2, sameBenchmark: true };
    expect(summary).toMatchObject({ steps: 4, base: { step: 0 }, trained: { step: 4 }, forkedFrom });
    expect(told.reported[0]).toMatchObject({ forkedFrom, end: { how: 'finished', step: 4 } });
    expect(told.tracked[0]).toMatchObject({ forkedFrom: { run: 'parent-1', step: 2 } });
    expect(told.mirrored[0]).not.toHaveProperty('otherBenchmarkTo');
  });

  it('has a clock of its own', async () => {
    const states = await parentOf({}, {});
    const began = Date.now();
    const { told } = await forkOf(states, {}, PARENTS_CLIPS);
    expect(told.forked[0]!.startTime).toBeGreaterThanOrEqual(began);
    expect(told.tracked[0]!.startTime).toBe(told.forked[0]!.startTime);
  });
});

describe('a fork whose benchmark is another one', () => {
  it.each<[string, object, Partial<Stages>]>([
    ['other clips', {}, OTHER_CLIPS],
    [
      'another data set',
      {},
      {
        ...PARENTS_CLIPS,
        prepareDataset: () => ({
          ...{ manifest: { ...ref('manifest'), sha256: 'f'.repeat(64) }, digest: 'e', train: 4, heldOut: 1 },
          quarantined: 1,
        }),
      },
    ],
    ['another decoding', { benchmark: { repetitionPenalty: 1.3 } }, PARENTS_CLIPS],
    ['another judge', { benchmark: { judge: { kind: 'llm', model: 'm' } } }, PARENTS_CLIPS],
    ['other metrics', { benchmark: { metrics: ['events', 'rougeL'] } }, PARENTS_CLIPS],
  ])('measures the base policy again, and compares with nothing else: %s', async (_, config, stages) => {
    const states = await parentOf({}, {});
    expect(states.get(2)!.evaluations.map(({ step }) => step)).toEqual([0, 2]);
    const { summary, captioned, told } = await forkOf(states, config, stages);
    // The base, and the step that it was forked from, since everySteps names it; both on the fork's own clips.
    expect(inherited(captioned)).toEqual([
      [0, 'held-out', 0],
      [2, 'held-out', 2],
    ]);
    expect(ofTraining(captioned)).toEqual([[4, 'held-out', 4]]);
    expect([scoreOf(summary.base), scoreOf(summary.trained)]).toEqual([30, 30]);
    expect(summary).toMatchObject({ forkedFrom: { sameBenchmark: false } });
    expect(told.reported[0]!.evaluations.map((each) => [each.step, scoreOf(each)])).toEqual([
      [0, 30],
      [2, 30],
      [4, 30],
    ]);
    expect(told.mirrored[0]).toMatchObject({ fromStep: 0, otherBenchmarkTo: 2 });
    expect(told.finished[0]!.evaluations.map(({ step }) => step)).toEqual([0, 2, 4]);
  });

  it('also where the parent’s version did not write down with what it measured', async () => {
    const states = await parentOf({}, {});
    const state = states.get(2)!;
    states.set(2, { ...state, evaluations: state.evaluations.map(({ benchmark: _, ...old }) => old) });
    const { captioned } = await forkOf(states, {}, PARENTS_CLIPS);
    expect(inherited(captioned).map(([step]) => step)).toEqual([0, 2]);
  });

  it('looks for the best checkpoint anew', async () => {
    const best = { metric: 'eventF1' };
    const states = await parentOf({ checkpoints: { best } }, {});
    expect(states.get(2)!.best).toMatchObject({ value: 50 });
    const { summary } = await forkOf(states, { checkpoints: { best } }, OTHER_CLIPS);
    expect(summary.best).toMatchObject({ step: 0, value: 30 });
  });

  it('measures the very weights that the parent started from, though its reference policy is a later one', async () => {
    const algorithm = { ...ALGORITHM, refreshReferenceEvery: 1 };
    const states = await parentOf({ algorithm }, {});
    expect(states.get(2)!.reference.step).toBe(2);
    const loaded: unknown[] = [];
    const { captioned } = await forkOf(
      states,
      { algorithm },
      {
        ...OTHER_CLIPS,
        loadPolicy: ({ reference }) => {
          loaded.push(reference);
          return { policy: reference! };
        },
      },
    );
    expect(loaded).toEqual([policyAt(0)]);
    expect(inherited(captioned)[0]).toEqual([0, 'held-out', 0]);
  });
});

describe('published benchmarks of a fork', () => {
  const judge = { kind: 'llm', model: 'm' };
  const withSuites = (more: object = {}) => ({ judge, benchmark: { suites: [{ ...suites[0], ...more }] } });
  const items = (name: string) => ({
    prepareSuite: () => ({
      ...{ items: { ...ref('items'), sha256: name.repeat(64) }, manifests: [ref('part-1')], clips: 100, missing: 0 },
    }),
  });
  const lists = (rows: [number, string, number][]) => inherited(rows).map(([step, list]) => [step, list]);

  it('are not measured again on the base where nothing has changed', async () => {
    const states = await parentOf(withSuites(), items('1'));
    const { summary, captioned } = await forkOf(states, withSuites(), { ...PARENTS_CLIPS, ...items('1') });
    expect(lists(captioned)).toEqual([]);
    expect(summary.base.suites).toHaveLength(1);
    expect(summary.base.metrics).toMatchObject({ 'dream1k/f1': 40 });
  });

  it.each<[string, object, Partial<Stages>]>([
    ['other annotations', withSuites(), items('2')],
    ['a quirk', withSuites({ quirks: ['anything'] }), items('1')],
    ['more pixels', { ...withSuites(), frames: { maxPixels: 14112 } }, items('1')],
  ])('are measured again on the base, with the held-out numbers kept: %s', async (_, config, stages) => {
    const states = await parentOf(withSuites(), items('1'));
    const rescored = { scoreSuite: () => suiteScored({ metrics: { f1: 11 } }) };
    const { summary, captioned } = await forkOf(states, config, { ...PARENTS_CLIPS, ...stages, ...rescored });
    expect(lists(captioned)).toEqual([[0, 'dream1k-1']]);
    expect(scoreOf(summary.base)).toBe(50);
    expect(summary.base.metrics['dream1k/f1']).toBe(11);
    expect(summary.base.suites).toMatchObject([{ metrics: { f1: 11 } }]);
  });

  it('that the fork has no more leave no number behind', async () => {
    const states = await parentOf(withSuites(), items('1'));
    const { summary } = await forkOf(states, { judge }, PARENTS_CLIPS);
    expect(Object.keys(summary.base.metrics)).not.toContain('dream1k/f1');
    expect(summary.base.suites).toBeUndefined();
  });
});
