import { ExperimentConfig } from '../../../configs/schema.ts';
import { MOST_CONFIG_BYTES } from '../../../configs/size-limits.ts';
import { MOVING_PARTS, NOTHING_SEEN } from '../../../contracts/run-identity.ts';
import type { Evaluation, RunSummary, SuiteEvaluation } from '../../../contracts/run-results.ts';
import type { RunProgress, RunSnapshot } from '../../../contracts/run-state.ts';
import { LONGEST_REASON, MOST_RUNS, type SweepPlan } from '../../../contracts/sweep-plan.ts';
import type { SweepTable } from '../../../contracts/sweep-results.ts';
import { type Identity, LONGEST_FACT, MOST_FACTS, MOST_VERSIONS } from '../../../core/identity.ts';
import { payloadBytes } from '../../../core/payload-size.ts';
import { LONGEST_RUN_ID } from '../../../core/run-key.ts';
import { noteIdentity } from '../../../workflows/moving-parts.ts';
import type { StageGiven, StageName, StageTaken } from '../../integration/workflows/stage-contracts.ts';

/**
 * The largest values that a run's stages take and give, within the limits of the schemas: the longest names, the most
 * rounds, custom rewards and benchmarks, a config of as many bytes as one may have. A step's completions count for
 * nothing: everything of theirs goes by reference.
 */

const runKey = `${'r'.repeat(LONGEST_RUN_ID)}-627de049`;
const hash = '0'.repeat(64);
const PATH = `/${'ä'.repeat(2000)}`;
const ref = {
  uri: `store:runs/${runKey}/step-${'9'.repeat(6)}/round-99/part-00/${'a'.repeat(40)}.json`,
  sha256: hash,
  bytes: 2 ** 40,
};
const names = (prefix: string, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}/${'m'.repeat(32)}${i}`, -Math.PI * 1e-10]));
const LONG_TEXT = 'ä'.repeat(8000);

const custom = Object.fromEntries(
  Array.from({ length: 32 }, (_, i) => [`m${'y'.repeat(28)}-${i}`, { kind: 'http' as const }]),
);
const likely = {
  reward: { custom, qa: {}, checklist: {}, rougeL: {}, ciderD: {}, bleu4: {}, embedding: {} },
  judge: { kind: 'llm', model: 'm'.repeat(256) },
  algorithm: { kind: 'grpo', samplesPerStep: 1024, steps: 1e6, dynamicSampling: { maxRounds: 100 } },
  sampling: { groupSize: 2, maxNewTokens: 80 },
  benchmark: { metrics: ['events', 'bleu4', 'rougeL', 'meteor', 'ciderD'] },
} as const;
const withTexts = (count: number) =>
  ExperimentConfig.parse({
    ...likely,
    benchmark: {},
    prompt: { texts: Array.from({ length: count }, (_, i) => `${'ä'.repeat(40)}${i}`) },
  });
const room = Math.floor((MOST_CONFIG_BYTES - payloadBytes(withTexts(1))) / 88);
const config = withTexts(room);

const MODEL = 'ä'.repeat(1024);
const policy = { model: MODEL, step: 1e6, weights: ref, optimizer: ref };
const judge = {
  model: 'm'.repeat(256),
  prompts: Array.from({ length: 9 }, () => ({ name: 'n'.repeat(40), sha256: hash })),
};
const usage = {
  ...{ calls: 1e9, cacheHits: 1e9, inputTokens: 1e12, outputTokens: 1e12, cost: 1e-7, repeated: 1e9 },
  latencySeconds: { p50: Math.PI, p95: Math.PI, max: Math.PI },
};
const decoding = { temperature: 0.7, topK: 50, topP: 0.9, minP: 0.05, repetitionPenalty: 1.2 };
const captioning = { frames: config.frames, maxNewTokens: 4096, decoding };
const made = {
  by: 'policy' as const,
  prompt: { text: 'ä'.repeat(300), count: 1, sha256: hash },
  ...captioning,
  like: 'authors' as const,
  own: ['prompt', 'frames', 'maxNewTokens', 'decoding'],
};
const suite = (name: SuiteEvaluation['suite']): SuiteEvaluation => ({
  suite: name,
  step: 1e6,
  metrics: names('suite', 80),
  counts: {
    items: 1e9,
    outOf: 1e9,
    absent: Array(5).fill('a'.repeat(40)),
    scored: 1e9,
    withoutCaption: 1e9,
    unscorable: 1e9,
    missing: 1e9,
  },
  judge,
  madeWith: { captions: made, quirks: Array(10).fill('q'.repeat(40)), variants: Array(5).fill('v'.repeat(40)) },
  warnings: Array(6).fill('w'.repeat(300)),
  benchmark: hash.slice(0, 16),
  ...{ result: ref, report: ref, drillDown: ref, policy },
});
const heldOut: Evaluation = {
  step: 1e6,
  metrics: names('eval', 60),
  ...{ captions: ref, details: ref, judge, made, benchmark: hash.slice(0, 16), policy },
};
const withSuites: Evaluation = {
  ...heldOut,
  metrics: { ...heldOut.metrics, ...names('dream1k', 80), ...names('vdc', 80), ...names('carebench', 80) },
  suites: [suite('dream1k'), suite('vdc'), suite('carebench')],
};
/** Suites are measured at a run's first step and at its end; a fork inherits what its parents measured. */
const evaluations = [withSuites, ...Array<Evaluation>(29).fill(heldOut), withSuites, withSuites];
const warning = (kind: 'length' | 'heldOut' | 'uniformGroups' | 'distinctCaptions') => ({
  kind,
  step: 1e6,
  sentence: 's'.repeat(400),
});
const collapse = [warning('length'), warning('heldOut'), warning('uniformGroups'), warning('distinctCaptions')];
const watched = { reward: Math.PI, length: Math.PI, distinct: 1 / 3 };
const trainedFrom = { run: runKey, step: 1e6, weights: hash };
const forkedFrom = { run: runKey, step: 1e6, sameBenchmark: false };
const best = { step: 1e6, metric: 'eventF1', value: Math.PI, endedEarly: 'e'.repeat(300) };
const end = { how: 'failed' as const, step: 1e6, totalSteps: 1e6, reason: LONG_TEXT };
const tracking = { mlflowRunId: hash, experimentId: hash, runUrl: `https://${'h'.repeat(500)}` };
const spent = { usd: Math.PI, calls: 1e9 };
const notFinite = {
  what: 'loss' as const,
  value: 'NaN' as const,
  samples: Array(16).fill('ä'.repeat(1000)),
  where: 'w'.repeat(200),
};
/** All facts of an identity, each as long as it may be; the last one says which of several it is. */
const identityOf = (which: number, facts: number): Identity =>
  Object.fromEntries(
    Array.from({ length: facts }, (_, i) => [
      `${'f'.repeat(38)}${String(i).padStart(2, '0')}`,
      `${which}`.repeat(LONGEST_FACT),
    ]),
  );
const computedWith = identityOf(1, MOST_FACTS);
const answeredBy = Array.from({ length: MOST_VERSIONS }, (_, which) => identityOf(which, 2));
const identity = MOVING_PARTS.reduce(
  (known, part) =>
    Array.from({ length: MOST_VERSIONS }, (_, which) =>
      identityOf(which, part.endsWith('judge') ? 2 : MOST_FACTS),
    ).reduce((all, one) => noteIdentity(all, part, 1e6, [one]), known),
  NOTHING_SEEN,
);
const metrics = { ...names('reward', 50), ...names('train', 50), ...names('judge', 20), ...names('time', 20) };
const limits = {
  judgeBudgetUsd: 1e9,
  judgeBudgetCalls: 1e9,
  benchmarkJudgeBudgetUsd: 1e9,
  benchmarkJudgeBudgetCalls: 1e9,
  maxSteps: 1e6,
};
const progress: RunProgress = {
  ...{
    config,
    startTime: 1e13,
    step: 1e6,
    reference: policy,
    trainedFrom,
    forkedFrom,
    policy,
    evaluations,
    spent,
    limits,
  },
  best: { step: 1e6, value: Math.PI, before: 1e6, mark: Math.PI, waited: 1e6, measuredStep: 1e6 },
  collapse: {
    ...{
      first: Array(3).fill(watched),
      recent: Array(5).fill(watched),
      uniform: Array(60).fill(1 / 3),
      warnings: collapse,
    },
    measured: Array(40).fill({ step: 1e6, value: Math.PI, slack: Math.PI, reward: Math.PI }),
  },
  ...{
    identity,
    benchmarkSpent: spent,
    lastMetrics: metrics,
    skippedUpdates: 1e6,
    secondsPerStep: Math.PI,
    stepsBelowScorable: 1e6,
    mirroredStep: 1e6,
  },
};
const snapshot: RunSnapshot = {
  ...progress,
  runKey,
  dataset: { manifest: ref, digest: hash, train: 1e9, heldOut: 1e9, quarantined: 1e9 },
  ...{ heldOutClips: ref, clipsAhead: { step: 1e6, clips: ref }, tracking, recordedStep: 1e6 },
};
const overrides = { 'prompt.texts': ['x'.repeat(MOST_CONFIG_BYTES - 100)] };
const summary: RunSummary = {
  ...{ runKey, config, steps: 1e6, policy, modelFolder: PATH, base: withSuites, trained: withSuites, report: ref },
  ...{
    trainedFrom,
    forkedFrom,
    best,
    end,
    setAside: { samples: 1e9, of: 1e9 },
    collapse,
    mlflowRunUrl: tracking.runUrl,
  },
};
const execution = { namespace: 'n'.repeat(200), workflowId: 'ä'.repeat(LONGEST_RUN_ID), runId: hash };
const place = { runKey, step: 1e6 };
const roundPlace = { ...place, round: 99, part: 0 };
const { engine } = config.policy;
const part = { rollout: ref, verdicts: ref, scores: { local: ref, judged: ref, custom: ref } };
const rounds = Array(100).fill([part]);
const source = {
  ...{ suite: 'vdc' as const, annotations: PATH, videos: PATH, quirks: Array(10).fill('q'.repeat(40)) },
  captioning: { prompt: 'ä'.repeat(2000) },
};
const make = ['thought', 'events', 'questions', 'keyPoints'] as const;
const comparedPhrases = Object.fromEntries(
  Object.keys(custom).map((name) => [name, { phrases: 1e9, byCharacters: 1e9 }]),
);

/** As many runs as a sweep may have: an arm each, with long names. */
const seeds = [1];
const sweepPlan: SweepPlan = {
  ...{ name: 'n'.repeat(40), config: PATH, configHash: hash, set: {}, metric: 'eventF1', reference: 'arm-0' },
  ...{ concurrency: 50, budget: { usd: Math.PI, calls: 1e9 }, conditions: [{ name: 'all', set: {} }] },
  arms: Array.from({ length: MOST_RUNS }, (_, i) => ({
    name: `${'a'.repeat(50)}-${i}`,
    set: { 'algorithm.optimizer.learningRate': Math.PI, 'reward.caption.variant': 'completeness-naturalness' },
    ...{ seeds, after: 'a'.repeat(50), calls: 1e9, steps: 1e9 },
  })),
};
const comparedRuns = {
  ...{ name: 'n'.repeat(40), metric: 'eventF1', reference: 'arm-0' },
  outcomes: sweepPlan.arms.map(({ name }) => ({
    ...{
      arm: name,
      condition: 'c'.repeat(40),
      seed: 1e9,
      state: 'failed' as const,
      reason: 'r'.repeat(LONGEST_REASON),
    },
    ...{ run: `${runKey}.${name}`, details: ref },
  })),
};
const against = {
  ...{ difference: -Math.PI, low: -Math.PI, high: Math.PI, p: Math.PI, corrected: Math.PI, clips: 1e9 },
  smallest: Math.PI,
};
const sweepTable: SweepTable = {
  ...{ name: 'n'.repeat(40), metric: 'eventF1', reference: 'arm-0', verdict: Array(20).fill('v'.repeat(1000)) },
  conditions: [
    {
      ...{ name: 'c'.repeat(40), clips: 1e9 },
      rows: sweepPlan.arms.map(({ name }) => ({
        ...{
          arm: name,
          seeds,
          values: [Math.PI],
          mean: Math.PI,
          deviation: Math.PI,
          others: names('eval', 8),
          against,
        },
        ...{ judgeCalls: 1e9, judgeUsd: Math.PI, seconds: Math.PI },
      })),
    },
  ],
  warnings: Array(8).fill('w'.repeat(600)),
  leftOut: [],
  judges: ['m'.repeat(256)],
  shared: {
    videos: { used: 1e9, made: 1e9 },
    answers: { used: 1e9, paid: 1e9 },
    startCaptions: { used: 1e9, made: 1e9 },
  },
};

type Case<N extends StageName> = { input: StageTaken<N>; output: StageGiven<N> };
const stages: { [N in StageName]: Case<N> } = {
  resolveConfig: { input: { runKey, config: PATH, configHash: hash, overrides }, output: { config } },
  prepareDataset: {
    input: {
      runKey,
      dataset: config.dataset,
      frames: config.frames,
      needs: [{ field: 'thought', component: 'think' }],
    },
    output: { manifest: ref, digest: hash, train: 1e9, heldOut: 1e9, quarantined: 1e9 },
  },
  extractFrames: {
    input: {
      manifest: ref,
      samples: { seed: 1e15, step: 1e6, round: 99, size: 1024 },
      frames: config.frames,
      prompt: config.prompt,
    },
    output: { clips: ref, decodedWith: computedWith },
  },
  loadPolicy: { input: { runKey, policy: { ...config.policy, model: MODEL }, reference: policy }, output: { policy } },
  rolloutGroups: {
    input: {
      ...{ ...roundPlace, policy, engine, clips: ref, samples: { from: 1e3, count: 1e3 }, output: 'structured' },
      sampling: config.sampling,
      seed: 1e15,
    },
    output: {
      rollout: ref,
      completions: 1e6,
      tokens: 1e9,
      meanLength: Math.PI,
      truncated: 1e6,
      computedWith,
      seconds: Math.PI,
    },
  },
  captionClips: {
    input: { ...place, policy, engine, clips: ref, list: 'carebench-256', maxNewTokens: 4096, decoding, seed: 1e15 },
    output: { captions: ref, computedWith, seconds: Math.PI },
  },
  updatePolicy: {
    input: {
      ...{ ...place, policy, reference: policy, engine, algorithm: config.algorithm, keepEvery: 1e6, keep: [1e6, 1e6] },
      batch: {
        learnsFrom: 'completions',
        scored: ref,
        clips: Array(100).fill(ref),
        temperature: 1,
        maxNewTokens: 4096,
      },
    },
    output: { policy, metrics: names('update', 100), notFinite, computedWith, seconds: Math.PI },
  },
  exportPolicy: { input: { runKey, policy }, output: { folder: PATH } },
  scoreCompletions: {
    input: { ...roundPlace, rollout: ref, earlier: Array(99).fill(ref), manifest: ref, reward: config.reward },
    output: { scores: ref, compared: comparedPhrases, distinctCaptions: 1 / 3, seconds: Math.PI },
  },
  judgeCompletions: {
    input: {
      ...roundPlace,
      rollout: ref,
      manifest: ref,
      reward: config.reward,
      judge: config.judge,
      seed: 1e15,
      spent,
    },
    output: { scores: ref, verdicts: ref, answeredBy, usage, seconds: Math.PI },
  },
  scoreCustomRewards: {
    input: { ...roundPlace, rollout: ref, manifest: ref, reward: config.reward },
    output: { scores: ref, seconds: Math.PI },
  },
  compareCompletions: {
    input: { ...place, algorithm: config.algorithm, reward: config.reward, rounds, mayTakeMore: true },
    output: { more: false, scored: ref, metrics, notFinite, scorable: { share: 1 / 3, reason: 'r'.repeat(1000) } },
  },
  findJudgeVersion: { input: { runKey, judge: config.judge }, output: { version: 'v'.repeat(600) } },
  scoreBenchmark: {
    input: {
      ...place,
      suite: 'held-out',
      captions: ref,
      manifest: ref,
      reward: config.reward,
      madeWith: captioning,
      judge: config.judge,
      spent,
    },
    output: { metrics: heldOut.metrics, details: ref, judge, made, usage, seconds: Math.PI },
  },
  prepareSuite: {
    input: { runKey, source, judge: config.judge, run: { ...captioning, prompt: 'ä'.repeat(2000) } },
    output: {
      ...{ items: ref, manifests: Array(256).fill(ref), clips: 1e9, missing: 1e9 },
      captioning: { ...captioning, prompt: 'ä'.repeat(2000), like: 'authors', own: made.own },
    },
  },
  scoreSuite: {
    input: {
      ...place,
      items: ref,
      captions: Array(256).fill(ref),
      subject: PATH,
      quirks: source.quirks,
      judge: config.judge,
      spent,
    },
    output: { ...(({ step: _, policy: __, ...rest }) => rest)(suite('vdc')), usage, seconds: Math.PI },
  },
  recordStep: {
    input: {
      runKey,
      record: {
        step: 1e6,
        time: 1e13,
        metrics: { ...metrics, ...withSuites.metrics },
        notFinite,
        madeWith: ref,
        scored: ref,
      },
      progress,
    },
    output: undefined,
  },
  findProgress: { input: { run: runKey }, output: { progress } },
  findStart: { input: { runKey, model: MODEL }, output: { model: MODEL, policy, trainedFrom } },
  forkProgress: {
    input: { from: { run: runKey, step: 1e6 }, runKey, overrides, startTime: 1e13 },
    output: { progress },
  },
  readCaptions: {
    input: { runKey, dataset: PATH, output: PATH, make: [...make] },
    output: { samples: ref, total: 1e9, open: 1e9 },
  },
  annotateBatch: {
    input: { runKey, samples: ref, batch: 1e6, size: 2048, make: [...make], judge: config.judge, spent },
    output: { annotations: ref, annotated: 1e9, unscorable: 1e9, usage, seconds: Math.PI },
  },
  writeAnnotations: {
    input: {
      runKey,
      samples: ref,
      dataset: PATH,
      output: PATH,
      batches: 1e6,
      make: [...make],
      judge: { model: 'm'.repeat(256), endpoint: tracking.runUrl },
    },
    output: {
      ...{ output: PATH, review: PATH, statistics: PATH },
      samples: { total: 1e9, complete: 1e9, annotated: 1e9, unscorable: 1e9, notAsked: 1e9, odd: 1e9 },
      usage: (({ latencySeconds: _, ...counts }) => counts)(usage),
    },
  },
  startTracking: {
    input: { runKey, config, startTime: 1e13, execution, trainedFrom, forkedFrom, manifest: ref, digest: hash },
    output: tracking,
  },
  mirrorRecords: {
    input: { runKey, tracking, manifest: ref, fromStep: 0, toStep: 1e6, otherBenchmarkTo: 1e6, collapse },
    output: undefined,
  },
  finishTracking: {
    input: {
      runKey,
      tracking,
      status: 'FAILED',
      endTime: 1e13,
      report: ref,
      evaluations,
      best,
      end,
      setAside: { samples: 1e9, of: 1e9 },
      collapse,
      manifest: ref,
    },
    output: undefined,
  },
  resolveSweep: { input: { sweep: PATH, sweepHash: hash, overrides }, output: { plan: sweepPlan } },
  resolveArm: {
    input: {
      plan: sweepPlan,
      arm: { name: 'a'.repeat(40), set: sweepPlan.arms[0]!.set, seeds, after: 'a'.repeat(40) },
    },
    output: { arm: sweepPlan.arms[0]! },
  },
  writeSweepTable: {
    input: { runKey, ...comparedRuns },
    output: { result: sweepTable, table: ref, report: ref, page: ref },
  },
  finishSweepTracking: {
    input: { runKey, name: 'n'.repeat(40), status: 'FINISHED', endTime: 1e13, table: ref, report: ref, page: ref },
    output: { runUrl: tracking.runUrl },
  },
  writeReport: {
    input: {
      runKey,
      config,
      manifest: ref,
      heldOutClips: ref,
      evaluations,
      lastStep: 1e6,
      trainedFrom,
      forkedFrom,
      best,
      end,
      collapse,
      execution,
      mlflowRunUrl: tracking.runUrl,
    },
    output: { report: ref },
  },
};

export const CASES = {
  stages,
  others: {
    'the state that a run continues with': { continued: snapshot, control: { paused: true, stopRequested: true } },
    'the result of a run': summary,
    'the memo': { run: runKey, config: PATH, overrides, fork: { run: runKey, step: 1e6 }, limits },
    'the answer to the query status': {
      ...{
        startTime: 1e13,
        stage: 's'.repeat(40),
        step: 1e6,
        totalSteps: 1e6,
        paused: true,
        end,
        blocked: LONG_TEXT,
        notFinite: LONG_TEXT,
      },
      ...{
        waiting: { why: 'ä'.repeat(2000), since: 1e13 },
        judge: spent,
        mlflowRunUrl: tracking.runUrl,
        trainedFrom,
        forkedFrom,
        collapse,
        best,
      },
      evaluations: evaluations.map(({ step, metrics }) => ({ step, metrics })),
    },
    'the signal judgeWaits': { why: 'ä'.repeat(2000), since: 1e13 },
  },
};
