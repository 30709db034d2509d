import { z } from 'zod';
import { ExperimentConfig, SuiteName } from '../configs/schema.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { PolicyRef } from '../core/policy-ref.ts';
import { JudgedBy } from '../judge/judged-by.ts';

/** What a run leaves behind to be read: its steps, its benchmarks, and what it says of itself at its end. */

const ScoreGrid = z.array(z.array(z.number().nullable()));

/** One finished optimiser step: small numbers only. This is what MLflow mirrors and the report plots. */
export const StepRecord = z.strictObject({
  step: z.int(),
  /** Milliseconds since the epoch, from the workflow's clock: the same on every delivery. */
  time: z.int(),
  /** MLflow metric name -> value, such as `reward/mean`, `train/kl`, `eval/eventF1`, `time/rolloutSeconds`. */
  metrics: z.record(z.string(), z.number()),
  rollout: ArtifactRef.optional(),
  verdicts: ArtifactRef.optional(),
  rewards: z.array(z.array(z.number().nullable())).optional(),
  /** What the rewards are made of and what became of them; `null` where a completion has none. Laid out like `rewards`. */
  scores: z
    .strictObject({ format: ScoreGrid, think: ScoreGrid, caption: ScoreGrid, advantage: ScoreGrid })
    .partial()
    .optional(),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** What became of a published benchmark's items. */
export const SuiteCounts = z.strictObject({
  items: z.int(),
  /** Items of the authors' file, of which `items` were taken: more where a limit left some out. Absent in older results. */
  outOf: z.int().optional(),
  /** Parts of the benchmark that nothing was measured of, where means are made of parts: VDC's aspects, by label. */
  absent: z.array(z.string()).optional(),
  /** Items in the means; those without a caption are among them unless a quirk leaves them out. */
  scored: z.int(),
  /** The policy wrote no caption: a score of 0, since that is its own fault. */
  withoutCaption: z.int(),
  /** The judge would or could not answer: in no mean. */
  unscorable: z.int(),
  /** No video or no prediction: in no mean. */
  missing: z.int(),
});
export type SuiteCounts = z.infer<typeof SuiteCounts>;

/** One policy's, or one file's, result on a published benchmark. */
export const SuiteEvaluation = z.strictObject({
  suite: SuiteName,
  step: z.int(),
  /** By name; `<name>Low` and `<name>High` are 95% bounds. */
  metrics: z.record(z.string(), z.number()),
  counts: SuiteCounts,
  /** Absent in results of before this was kept. */
  judge: JudgedBy.optional(),
  /** A `SuiteResult`: everything, item by item. */
  result: ArtifactRef,
  /** Markdown: the tables, with published numbers beside ours. */
  report: ArtifactRef,
  /** Markdown: every item with what was told and what the judge said. */
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
  /** Absent in results of before this was kept. */
  judge: JudgedBy.optional(),
  policy: PolicyRef,
  /** Published benchmarks, where the config asks for them; `metrics` has their numbers too, as `dream1k/f1`. */
  suites: z.array(SuiteEvaluation).optional(),
});
export type Evaluation = z.infer<typeof Evaluation>;

/** What a finished run says of itself. */
export const RunSummary = z.strictObject({
  runKey: z.string(),
  config: ExperimentConfig,
  steps: z.int(),
  policy: PolicyRef,
  /** The trained policy as a model folder that `transformers` and `videocap caption` open. */
  modelFolder: z.string(),
  base: Evaluation,
  trained: Evaluation,
  report: ArtifactRef,
  mlflowRunUrl: z.string().optional(),
});
export type RunSummary = z.infer<typeof RunSummary>;
