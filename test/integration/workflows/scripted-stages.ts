import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { SweepPlan } from '../../../contracts/sweep-plan.ts';
import type { ArtifactRef } from '../../../core/artifact-ref.ts';
import { compareCompletions, scriptedRef } from './scripted-store.ts';
import {
  STAGE_CONTRACTS,
  type StageGiven,
  type StageName,
  type StageOutput,
  type Stages,
  type StageTaken,
} from './stage-contracts.ts';

export const ref = (name: string): ArtifactRef => ({ uri: `store:${name}`, sha256: '0'.repeat(64), bytes: 1 });
export const policyAt = (step: number) => ({ model: 'tiny', step, weights: ref(`policy-${step}`) });
export const RULE_BASED = { model: 'rule-based (no LLM)', prompts: [] };

/** What a stage that paid for so many answers says. */
export const usage = (calls: number) => ({
  calls,
  cacheHits: 0,
  inputTokens: 100 * calls,
  outputTokens: 10 * calls,
  cost: 0.25 * calls,
  repeated: 0,
  latencySeconds: { p50: 0.5, p95: 1, max: 2 },
});

/** What the update of a step gives. */
export const updated = (step: number) => ({
  policy: policyAt(step),
  metrics: { loss: 0.1, kl: 0.01 },
  seconds: 1,
});

/** What a benchmark of the held-out split gives, with what is special about it. */
export const benchmarked = (more: Partial<StageOutput<'scoreBenchmark'>> = {}) => ({
  metrics: { eventF1: 50, actionF1: 60, objectF1: 70 },
  details: ref('details'),
  judge: RULE_BASED,
  usage: usage(0),
  seconds: 1,
  ...more,
});

/** What a published benchmark gives, with what is special about it. */
export const suiteScored = (more: Partial<StageOutput<'scoreSuite'>> = {}) => ({
  ...{ suite: 'dream1k' as const, metrics: { f1: 40 }, result: ref('r'), report: ref('m'), drillDown: ref('i') },
  counts: { items: 100, scored: 97, withoutCaption: 0, unscorable: 0, missing: 3 },
  judge: { model: 'm', prompts: [] },
  ...{ usage: usage(10), seconds: 1 },
  ...more,
});

/** Every call a workflow made, in order: `[activity, step]`. */
export type CallLog = [name: string, step: number | undefined][];

const NOTHING = { used: 0, made: 0 };

/** A sweep of two arms with two seeds, in one condition. */
export const SWEEP: SweepPlan = {
  ...{
    name: 'two-arms',
    config: 'quickstart',
    set: {},
    metric: 'eventF1',
    reference: 'sft',
    concurrency: 2,
    budget: {},
  },
  conditions: [{ name: 'all', set: {} }],
  arms: [
    { name: 'sft', set: { 'algorithm.kind': 'sft' }, seeds: [1, 2], calls: 0, steps: 2 },
    { name: 'grpo', set: {}, seeds: [1, 2], calls: 0, steps: 2 },
  ],
};

const SCRIPT: Stages = {
  resolveConfig: ({ overrides: set }) => ({
    config: ExperimentConfig.parse({
      algorithm: { kind: set['algorithm.kind'] ?? 'grpo', steps: set['algorithm.steps'] ?? 2, samplesPerStep: 2 },
      sampling: { groupSize: 2 },
      benchmark: { everySteps: 2 },
      ...(set['checkpoints.best'] !== undefined && { checkpoints: { best: set['checkpoints.best'] } }),
      ...(set['policy.model'] !== undefined && { policy: { model: set['policy.model'] } }),
      ...(set['judge.kind'] === 'llm' && { judge: { kind: 'llm', model: 'm', price: { inputPerMillion: 1 } } }),
    }),
  }),
  prepareDataset: () => ({ manifest: ref('manifest'), digest: 'd', train: 4, heldOut: 2, quarantined: 0 }),
  extractFrames: () => ({ clips: ref('clips') }),
  loadPolicy: () => ({ policy: policyAt(0) }),
  rolloutGroups: () => ({
    rollout: ref('rollout'),
    completions: 4,
    tokens: 40,
    meanLength: 10,
    truncated: 0,
    seconds: 1,
  }),
  scoreCompletions: () => ({
    scores: scriptedRef({ format: scores(1, 0, 1, 1), think: scores(0.5, 0, 0.25, 0.75) }),
    seconds: 1,
  }),
  judgeCompletions: () => ({
    scores: scriptedRef({ caption: scores(1, 0, 0.5, 1) }),
    verdicts: ref('verdicts'),
    usage: usage(4),
    seconds: 1,
  }),
  scoreCustomRewards: ({ reward }) => ({
    scores: scriptedRef(
      Object.fromEntries(Object.keys(reward.custom!).map((name) => [name, scores(0.5, 0.5, 0.5, 0.5)])),
    ),
    seconds: 1,
  }),
  compareCompletions,
  updatePolicy: ({ step }) => updated(step),
  captionClips: () => ({ captions: ref('captions'), seconds: 1 }),
  findJudgeVersion: () => ({}),
  scoreBenchmark: () => benchmarked(),
  prepareSuite: () => ({ items: ref('items'), manifests: [ref('part-1'), ref('part-2')], clips: 100, missing: 3 }),
  scoreSuite: () => suiteScored(),
  recordStep: () => undefined,
  findProgress: () => ({}),
  findStart: ({ model }) => ({
    model: `${model.split('@')[0]}@7`,
    policy: policyAt(0),
    trainedFrom: { run: model.split(/[:@]/)[1]!, step: 7, weights: '0'.repeat(64) },
  }),
  forkProgress: () => {
    throw ApplicationFailure.nonRetryable('There is no run to fork.', 'InvalidInput');
  },
  readCaptions: () => ({ samples: ref('samples'), total: 20, open: 20 }),
  annotateBatch: ({ size }) => ({
    annotations: ref('annotations'),
    annotated: Math.min(size, 10),
    unscorable: 0,
    usage: usage(10),
    seconds: 1,
  }),
  writeAnnotations: () => ({
    ...{ output: '/annotated.jsonl', review: '/annotated.review.html', statistics: '/annotated.statistics.json' },
    samples: { total: 20, complete: 0, annotated: 20, unscorable: 0, notAsked: 0, odd: 0 },
    usage: { calls: 20, cacheHits: 0, inputTokens: 2000, outputTokens: 200, cost: 5, repeated: 0 },
  }),
  startTracking: () => ({ mlflowRunId: 'm', experimentId: '1', runUrl: 'http://127.0.0.1/m' }),
  mirrorRecords: () => undefined,
  finishTracking: () => undefined,
  exportPolicy: () => ({ folder: '/models/trained' }),
  resolveSweep: () => ({ plan: SWEEP }),
  resolveArm: ({ plan, arm: { name, set, seeds = plan.arms[0]!.seeds } }) => ({
    arm: { name, set, seeds, calls: 0, steps: 2 },
  }),
  writeSweepTable: ({ name, metric, reference, outcomes }) => ({
    result: {
      ...{ name, metric, reference, conditions: [], verdict: [`${outcomes.length} runs`], warnings: [], leftOut: [] },
      judges: [],
      shared: { videos: NOTHING, answers: { used: 0, paid: 0 }, startCaptions: NOTHING },
    },
    table: ref('table.json'),
    report: ref('table.md'),
    page: ref('sweep.html'),
  }),
  finishSweepTracking: () => ({ runUrl: 'http://127.0.0.1/s' }),
  writeReport: () => ({ report: ref('report.html') }),
};

/**
 * Stages that answer at once and write down that they were called: what remains is the workflow's own behaviour. What
 * they take and give must meet the contract, or the run fails.
 */
export function scriptedStages(calls: Pick<CallLog, 'push'>, overrides: Partial<Stages> = {}) {
  const stages: Stages = { ...SCRIPT, ...overrides };
  const scripted = Object.fromEntries(
    Object.entries(stages).map(([name, stage]) => [
      name,
      async (rawInput: unknown) => {
        const { input: taken, output: given } = STAGE_CONTRACTS[name as StageName];
        const input = kept(`The input of ${name}`, taken, rawInput) as { step?: number; record?: { step: number } };
        calls.push([name, input.step ?? input.record?.step]);
        return kept(`The output of ${name}`, given, await stage(input as never));
      },
    ]),
  );
  return scripted as { [N in StageName]: (input: StageTaken<N>) => Promise<StageGiven<N>> };
}

/**
 * @throws ApplicationFailure that ends the run, since an activity that throws anything else is tried again for ever.
 */
function kept(what: string, contract: z.ZodType, value: unknown): unknown {
  const { success, data, error } = contract.safeParse(value);
  if (success) return data;
  throw ApplicationFailure.nonRetryable(`${what} does not meet the contract: ${error.message}`, 'ContractBroken');
}

/** MLflow is away until the report is written; `mirrored`: first and last step of each request after that. */
export function mlflowAway() {
  let reported = false;
  const mirrored: [from: number, to: number][] = [];
  return {
    mirrored,
    stages: {
      startTracking: () => {
        if (!reported) throw ApplicationFailure.create({ type: 'Unavailable', message: 'MLflow does not answer' });
        return { mlflowRunId: 'm', experimentId: '1', runUrl: 'http://127.0.0.1/m' };
      },
      writeReport: () => {
        reported = true;
        return { report: ref('report.html') };
      },
      mirrorRecords: ({ fromStep, toStep }) => void mirrored.push([fromStep, toStep]),
    } satisfies Partial<Stages>,
  };
}

function scores(...values: [number, number, number, number]) {
  const [a, b, c, d] = values.map((value) => ({ value })) as [Value, Value, Value, Value];
  return [
    [a, b],
    [c, d],
  ];
}

interface Value {
  value: number;
}
