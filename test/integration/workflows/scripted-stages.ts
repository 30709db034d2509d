import { ApplicationFailure } from '@temporalio/common';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunInput } from '../../../contracts/run-input.ts';
import type { ArtifactRef } from '../../../core/artifact-ref.ts';

const HASH = '0'.repeat(64);
const ref = (name: string): ArtifactRef => ({ uri: `store:${name}`, sha256: HASH, bytes: 1 });
const policyAt = (step: number) => ({ model: 'tiny', step, weights: ref(`policy-${step}`) });

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

/** Every call a workflow made, in order: `[activity, step]`. */
export type CallLog = [name: string, step: number | undefined][];

/** Stages that answer at once and write down that they were called: what remains is the workflow's own behaviour. */
export function scriptedStages(calls: CallLog, overrides: Record<string, (...input: never[]) => unknown> = {}) {
  const stages = {
    resolveConfig: ({ overrides: set }: RunInput) => ({
      config: ExperimentConfig.parse({
        grpo: { steps: set['algorithm.steps'] ?? 2, samplesPerStep: 2 },
        sft: { steps: 2, samplesPerStep: 2 },
        sampling: { groupSize: 2 },
        benchmark: { everySteps: 2 },
        method: set.method ?? 'grpo',
        ...(set['judge.kind'] === 'llm' && { judge: { kind: 'llm', model: 'm', price: { inputPerMillion: 1 } } }),
      }),
    }),
    prepareDataset: () => ({
      manifest: ref('manifest'),
      digest: 'd',
      train: 4,
      heldOut: 2,
      quarantined: 0,
    }),
    extractFrames: () => ({ clips: ref('clips') }),
    loadPolicy: () => ({ policy: policyAt(0), parameters: 1 }),
    rolloutGroups: () => ({
      rollout: ref('rollout'),
      completions: 4,
      tokens: 40,
      meanLength: 10,
      truncated: 0,
      seconds: 1,
    }),
    scoreThoughts: () => ({ format: scores(1, 0, 1, 1), think: scores(0.5, 0, 0.25, 0.75), seconds: 1 }),
    judgeCaptions: () => ({
      caption: scores(1, 0, 0.5, 1),
      verdicts: ref('verdicts'),
      usage: usage(4),
      seconds: 1,
    }),
    updatePolicy: ({ step }: { step: number }) => ({
      policy: policyAt(step),
      metrics: { loss: 0.1, kl: 0.01 },
      seconds: 1,
    }),
    captionClips: () => ({ captions: ref('captions'), seconds: 1 }),
    scoreBenchmark: () => ({
      metrics: { eventF1: 50, actionF1: 60, objectF1: 70 },
      details: ref('details'),
      usage: usage(0),
      seconds: 1,
    }),
    recordStep: () => undefined,
    findProgress: () => ({}),
    readCaptions: () => ({ samples: ref('samples'), total: 20, open: 20 }),
    annotateBatch: ({ size }: { size: number }) => ({
      annotations: ref('annotations'),
      annotated: Math.min(size, 10),
      unscorable: 0,
      usage: usage(10),
      seconds: 1,
    }),
    writeAnnotations: () => ({ output: '/annotated.jsonl' }),
    startTracking: () => ({ mlflowRunId: 'm', experimentId: '1', runUrl: 'http://127.0.0.1/m' }),
    mirrorRecords: () => undefined,
    finishTracking: () => undefined,
    exportPolicy: () => ({ folder: '/models/trained' }),
    writeReport: () => ({ report: ref('report.html') }),
    ...overrides,
  };
  return Object.fromEntries(
    Object.entries(stages).map(([name, stage]) => [
      name,
      async (input: { step?: number; record?: { step: number } }) => {
        calls.push([name, input?.step ?? input?.record?.step]);
        return (stage as (input: unknown) => unknown)(input);
      },
    ]),
  );
}

/** MLflow is away until the report is written; `mirrored`: from and to which step it then was told. */
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
      mirrorRecords: ({ fromStep, toStep }: { fromStep: number; toStep: number }) =>
        void mirrored.push([fromStep, toStep]),
    },
  };
}

function scores(...values: [number, number, number, number]) {
  const [a, b, c, d] = values.map((value) => ({ value }));
  return [
    [a, b],
    [c, d],
  ];
}
