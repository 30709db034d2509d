import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunIdentity } from '../../../contracts/run-identity.ts';
import type { RunSummary } from '../../../contracts/run-results.ts';
import type { RunProgress } from '../../../contracts/run-state.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { benchmarked, policyAt, ref, scriptedStages, updated, usage } from './scripted-stages.ts';
import { scriptedRef } from './scripted-store.ts';
import type { StageInput, Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const LLM = { kind: 'llm', model: 'm' };
const FFMPEG = { ffmpeg: '5.1.6', system: 'linux-x64' };
const ENGINE = { engine: 'onnx', onnxruntime: '1.20.0', threads: '2' };
const EMBEDDING = { model: 'bge-small-en', onnxruntime: '1.29.0' };
const OLD = { model: 'm', fingerprint: 'fp_a' };
const NEW = { model: 'm', fingerprint: 'fp_b' };
const SCORES = [
  [{ value: 1 }, { value: 0 }],
  [{ value: 0.5 }, { value: 1 }],
];
const config = (more: object = {}) =>
  ExperimentConfig.parse({
    algorithm: { kind: 'grpo', steps: 4, samplesPerStep: 2 },
    sampling: { groupSize: 2 },
    judge: LLM,
    benchmark: { everySteps: 2 },
    ...more,
  });

/** Stages of a run that say with what they work, by the step. */
function stages(of: {
  ffmpeg?: (step: number) => Record<string, string>;
  engine?: (step: number) => Record<string, string>;
  embedding?: (step: number) => Record<string, string>;
  judge?: (step: number) => Record<string, string>[];
}): Partial<Stages> {
  const { ffmpeg = () => FFMPEG, engine = () => ENGINE, embedding = () => EMBEDDING, judge = () => [OLD] } = of;
  const by = (step: number) => ({
    judge: { model: 'm', prompts: [], answeredBy: judge(step) },
    comparedWith: embedding(step),
  });
  return {
    resolveConfig: () => ({ config: config() }),
    extractFrames: ({ samples }) => ({
      clips: ref('clips'),
      decodedWith: ffmpeg(samples === 'held-out' ? 0 : samples.step),
    }),
    updatePolicy: ({ step }) => ({ ...updated(step), computedWith: engine(step) }),
    captionClips: ({ step }) => ({ captions: ref('captions'), computedWith: engine(step), seconds: 1 }),
    scoreCompletions: ({ step }) => ({
      scores: scriptedRef({ format: SCORES, think: SCORES }),
      comparedWith: embedding(step),
      seconds: 1,
    }),
    judgeCompletions: ({ step }) => ({
      scores: scriptedRef({ caption: SCORES }),
      verdicts: ref('verdicts'),
      answeredBy: judge(step),
      usage: usage(4),
      seconds: 1,
    }),
    scoreBenchmark: ({ step }) => benchmarked(by(step)),
  };
}

/** A run to its end, with what it has told of itself. */
async function played(given: Partial<Stages>, input: object = {}) {
  const states: RunProgress[] = [];
  const mirrored: StageInput<'mirrorRecords'>[] = [];
  const reported: StageInput<'writeReport'>[] = [];
  const finished: StageInput<'finishTracking'>[] = [];
  const scripted = scriptedStages([], {
    recordStep: ({ progress }) => void states.push(progress),
    mirrorRecords: (sent) => void mirrored.push(sent),
    finishTracking: (sent) => void finished.push(sent),
    writeReport: (sent) => {
      reported.push(sent);
      return { report: ref('report.html') };
    },
    ...given,
  });
  let status: RunStatus | undefined;
  const summary = await runScripted<RunSummary>(environment, 'trainingRun', [input], scripted, async (handle) => {
    const result = (await handle.result()) as RunSummary;
    status = await handle.query<RunStatus>('status');
    return result;
  });
  return { summary, states, mirrored, reported, finished, status: status! };
}
/** The last that says what the run is made with: it is sent to MLflow when that changes. */
const lastOf = (mirrored: readonly StageInput<'mirrorRecords'>[]) => mirrored.findLast(({ identity }) => identity);
const changes = (identity: RunIdentity | undefined) => identity?.warnings.map(({ part, step }) => [part, step]);
const at = (from: number, before: object, after: object) => (step: number) => ({ ...(step < from ? before : after) });

describe('a run whose parts stay the same', () => {
  test('knows them, from its first step on, and warns of nothing', async () => {
    const { summary, states, mirrored, reported, status } = await played(stages({}));
    const seen = { frames: [FFMPEG], engine: [ENGINE], embedding: [EMBEDDING], judge: [OLD] };
    expect(states[0]!.identity).toEqual({ seen, warnings: [] });
    for (const told of [summary, states.at(-1)!, lastOf(mirrored)!, reported[0]!, status])
      expect(told.identity).toEqual({ seen, warnings: [] });
  });

  test('so does one whose judge has servers that take turns, but for the second of them', async () => {
    const { summary } = await played(stages({ judge: (step) => (step % 2 ? [OLD, NEW] : [NEW]) }));
    expect(changes(summary.identity)).toEqual([['judge', 1]]);
  });
});

describe('a run whose parts become others', () => {
  test('warns of each once, with the step, wherever it is shown', async () => {
    const { summary, states, mirrored, reported, finished, status } = await played(
      stages({
        judge: (step) => [at(3, OLD, NEW)(step)],
        engine: at(2, ENGINE, { ...ENGINE, threads: '4' }),
        ffmpeg: at(4, FFMPEG, { ...FFMPEG, ffmpeg: '7.1' }),
        embedding: at(3, EMBEDDING, { ...EMBEDDING, onnxruntime: '1.30.0' }),
      }),
    );
    // Frames of step 4 are decoded while step 3 is under way.
    expect(new Set(changes(summary.identity))).toEqual(
      new Set([
        ['engine', 2],
        ['embedding', 3],
        ['judge', 3],
        ['frames', 3],
      ]),
    );
    for (const told of [states.at(-1)!, lastOf(mirrored)!, reported[0]!, finished[0]!, status])
      expect(told.identity?.warnings).toEqual(summary.identity!.warnings);
    expect(changes(states[1]!.identity)).toEqual([]);
    const judges = [summary.base, summary.trained].map(({ judge }) => judge.answeredBy);
    expect(judges).toEqual([[OLD], [NEW]]);
  });
});

describe('a run that goes on elsewhere', () => {
  const parent = async () => (await played(stages({}))).states.find(({ step }) => step === 2)!;
  const elsewhere = stages({
    ffmpeg: () => ({ ...FFMPEG, ffmpeg: '7.1' }),
    engine: () => ({ ...ENGINE, threads: '4' }),
    embedding: () => ({ ...EMBEDDING, onnxruntime: '1.30.0' }),
    judge: () => [NEW],
  });

  test('says on resume what differs from before', async () => {
    const progress = await parent();
    const { summary } = await played(
      { ...elsewhere, findProgress: () => ({ progress }) },
      { resume: { run: 'ended' } },
    );
    expect(new Set(changes(summary.identity))).toEqual(
      new Set([
        ['frames', 2],
        ['embedding', 3],
        ['judge', 3],
        ['engine', 3],
      ]),
    );
    const [frames] = summary.identity!.warnings;
    expect(frames!.sentence).toContain('ffmpeg 5.1.6 -> 7.1');
  });

  test('says nothing on resume where all is as before', async () => {
    const progress = await parent();
    const { summary } = await played(
      { ...stages({}), findProgress: () => ({ progress }) },
      { resume: { run: 'ended' } },
    );
    expect(summary.identity!.warnings).toEqual([]);
  });

  test('says as a fork what differs, and measures its base again with the judge as it is now', async () => {
    const progress = { ...(await parent()), mirroredStep: -1, forkedFrom: { run: 'parent', step: 2 } };
    const judged: number[] = [];
    const fork = (version?: string) => ({
      ...elsewhere,
      forkProgress: () => ({ progress }),
      findJudgeVersion: () => (version === undefined ? {} : { version }),
      scoreBenchmark: (input: StageInput<'scoreBenchmark'>) => {
        judged.push(input.step);
        return elsewhere.scoreBenchmark!(input);
      },
    });
    const input = { fork: { run: 'parent', step: 2 } };
    const { summary } = await played(fork('model m, fingerprint fp_b'), input);
    expect(judged.sort()).toEqual([0, 2, 4]);
    expect(summary.forkedFrom).toMatchObject({ sameBenchmark: false });
    expect(
      changes(summary.identity)!
        .map(([part]) => part)
        .sort(),
    ).toEqual(['embedding', 'engine', 'frames', 'judge']);
    judged.length = 0;
    expect((await played(fork(), input)).summary.forkedFrom).toMatchObject({ sameBenchmark: true });
    expect(judged).toEqual([4]);
  });

  test('says what differs from the run whose checkpoint it starts from', async () => {
    const { summary } = await played({
      ...elsewhere,
      resolveConfig: () => ({ config: config({ policy: { model: 'run:parent@7' } }) }),
      findStart: () => ({
        model: 'run:parent@7',
        policy: policyAt(0),
        trainedFrom: { run: 'parent', step: 7, weights: '0'.repeat(64) },
        identity: { seen: { frames: [FFMPEG], engine: [ENGINE], embedding: [EMBEDDING] }, warnings: [] },
      }),
    });
    expect(changes(summary.identity)).toEqual([
      ['frames', 0],
      ['engine', 0],
      ['embedding', 0],
    ]);
  });
});
