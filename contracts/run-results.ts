import { z } from 'zod';
import { SuiteName } from '../benchmarks/benchmark-config.ts';
import { CaptionsMadeWith, MadeWith } from '../benchmarks/suites/made-with.ts';
import { SuiteCounts } from '../benchmarks/suites/suite-files.ts';
import { ExperimentConfig } from '../configs/schema.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { NumberGrid } from '../core/grid.ts';
import { NotFinite } from '../core/not-finite.ts';
import { PolicyRef } from '../core/policy-ref.ts';
import { JudgedBy } from '../judge/judged-by.ts';
import { JudgeSpending } from '../judge/usage.ts';
import { BestCheckpoint } from './best.ts';
import { CollapseWarning } from './collapse.ts';
import { ForkedFrom } from './forked-from.ts';
import { RunEnd } from './run-end.ts';
import { RunIdentity } from './run-identity.ts';
import { SetAside } from './set-aside.ts';
import { TrainedFrom } from './start.ts';

/** The results of a run: its steps, its benchmarks and its summary. */

/**
 * A rollout of a step with the scores of its completions; grids are laid out like the rollout. A step's are one
 * artifact: the update learns from it, and the step's record refers to it.
 */
export const ScoredRollout = z.strictObject({
  /** A `Rollout`. */
  rollout: ArtifactRef,
  /** A `Verdicts`: what lies behind the judged scores. */
  verdicts: ArtifactRef,
  /** By reward component. */
  scores: z.record(z.string(), NumberGrid),
  rewards: NumberGrid,
  /** `null`: this completion stays out of the update. */
  advantages: NumberGrid,
});
export type ScoredRollout = z.infer<typeof ScoredRollout>;

/** One finished optimiser step: small numbers only. This is what MLflow mirrors and the report plots. */
export const StepRecord = z.strictObject({
  step: z.int(),
  /** Milliseconds since the epoch, from the workflow's clock: the same on every delivery. */
  time: z.int(),
  /** MLflow metric name -> value, such as `reward/mean`, `train/kl`, `eval/eventF1`, `time/rolloutSeconds`. */
  metrics: z.record(z.string(), z.number()),
  /** Why the step's update was not made, if it was not. */
  notFinite: NotFinite.optional(),
  /** An `IdentityNow`: what the step was computed and judged with. */
  madeWith: ArtifactRef.optional(),
  /** JSON: `ScoredRollout[]`, in the order in which they were sampled. Absent where the algorithm samples nothing. */
  scored: ArtifactRef.optional(),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** One policy's, or one file's, result on a published benchmark. */
export const SuiteEvaluation = z.strictObject({
  suite: SuiteName,
  step: z.int(),
  /** By name; `<name>Low` and `<name>High` are 95% bounds. */
  metrics: z.record(z.string(), z.number()),
  counts: SuiteCounts,
  judge: JudgedBy,
  /** What its captions were made with, and which choices were on; absent in results of older versions. */
  madeWith: MadeWith.optional(),
  /** What a reader must know of the predictions, as sentences. */
  warnings: z.array(z.string()).optional(),
  /** A `benchmarkIdentity`; absent in results of older versions. */
  benchmark: z.string().optional(),
  /** A `SuiteResult`: everything, item by item. */
  result: ArtifactRef,
  /** Markdown: the tables, with published numbers beside ours. */
  report: ArtifactRef,
  /** Markdown: every item with its claims and verdicts. */
  drillDown: ArtifactRef,
  /** Absent where captions came from a file. */
  policy: PolicyRef.optional(),
});
export type SuiteEvaluation = z.infer<typeof SuiteEvaluation>;

/** One benchmark result within a run. */
export const Evaluation = z.strictObject({
  step: z.int(),
  metrics: z.record(z.string(), z.number()),
  captions: ArtifactRef,
  details: ArtifactRef,
  judge: JudgedBy,
  /** What the captions were made with; absent in results of older versions. */
  made: CaptionsMadeWith.optional(),
  /** A `benchmarkIdentity`: numbers of another one cannot be compared. Absent in results of older versions. */
  benchmark: z.string().optional(),
  policy: PolicyRef,
  /** Published benchmarks, where the config asks for them; `metrics` has their numbers too, as `dream1k/f1`. */
  suites: z.array(SuiteEvaluation).optional(),
});
export type Evaluation = z.infer<typeof Evaluation>;

/** The summary of a finished run. */
export const RunSummary = z.strictObject({
  runKey: z.string(),
  config: ExperimentConfig,
  steps: z.int(),
  /** The one that is exported: the best one, where the config asks for it, else the last. */
  policy: PolicyRef,
  /** The trained policy as a model folder that `transformers` and `videocap caption` open. */
  modelFolder: z.string(),
  base: Evaluation,
  /** Of `policy`. */
  trained: Evaluation,
  trainedFrom: TrainedFrom.optional(),
  forkedFrom: ForkedFrom.optional(),
  best: BestCheckpoint.optional(),
  /** Absent in results of older versions, as are the two below. */
  end: RunEnd.optional(),
  setAside: SetAside.optional(),
  collapse: z.array(CollapseWarning).optional(),
  identity: RunIdentity.optional(),
  /** What the judge has cost the run, its benchmarks included; absent: it asked none. */
  spent: JudgeSpending.optional(),
  report: ArtifactRef,
  mlflowRunUrl: z.string().optional(),
});
export type RunSummary = z.infer<typeof RunSummary>;

/**
 * What reports and tables compare: the first evaluation and the exported policy's, or the only one. That is the best
 * step's, if training found a better one than the start, else the last.
 */
export function baseAndTrained<T extends { step: number }>(evaluations: readonly T[], best?: { step: number }): T[] {
  const exported = evaluations.findIndex(({ step }) => step === best?.step);
  const trained = exported > 0 ? exported : evaluations.length - 1;
  return evaluations.filter((_, i) => i === 0 || i === trained);
}
