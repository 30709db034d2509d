import { z } from 'zod';
import { ExperimentConfig } from '../configs/schema.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { PolicyRef } from '../core/policy-ref.ts';
import { JudgeSpending } from '../judge/usage.ts';
import { BestSoFar } from './best.ts';
import { CollapseWatch } from './collapse.ts';
import { ForkedFrom } from './forked-from.ts';
import { Limits } from './limits.ts';
import { RunIdentity } from './run-identity.ts';
import { Evaluation, StepRecord } from './run-results.ts';
import { TrainedFrom } from './start.ts';
import { SweepPlace } from './sweep-place.ts';
import { Tracking } from './tracking.ts';

/**
 * A run after one of its steps, stored beside the step's record: everything that another execution needs to
 * continue from there (`resume`), or to try something else from there (`fork`).
 */
export const RunProgress = z.strictObject({
  config: ExperimentConfig,
  /** Milliseconds since the epoch. */
  startTime: z.int(),
  step: z.int().nonnegative(),
  /** The policy that the KL is measured to: the start policy, or a later one of the run that took its place. */
  reference: PolicyRef,
  /** Where the start policy comes from, unless it is a model's own. */
  trainedFrom: TrainedFrom.optional(),
  /** Of a fork: the run and the step that it continues from. */
  forkedFrom: ForkedFrom.optional(),
  /** Of a sweep's run. */
  sweep: SweepPlace.optional(),
  policy: PolicyRef,
  /** With `rolloutLag: 1`, from the first step on: the policy before, which samples the next step's completions. */
  rolloutPolicy: PolicyRef.optional(),
  /** In the order of steps; the first is the start policy's. */
  evaluations: z.array(Evaluation),
  /** Where the config asks for the best checkpoint, from the first evaluation on. */
  best: BestSoFar.optional(),
  /** What was seen so far of a collapse; absent until there is something to see. */
  collapse: CollapseWatch.optional(),
  /** What the run has been computed and judged with so far; absent: nothing has said so yet. */
  identity: RunIdentity.optional(),
  /** What the judge has cost this run, up to the last finished step or benchmark. */
  spent: JudgeSpending,
  /** The same of `benchmark.judge`; absent where benchmarks have no judge of their own. */
  benchmarkSpent: JudgeSpending.optional(),
  /** What captions of an endpoint have cost; absent where another engine writes them. */
  captionsSpent: JudgeSpending.optional(),
  /** What a person has changed since the start. */
  limits: Limits,
  lastMetrics: z.record(z.string(), z.number()),
  /** Steps whose update was not made, since a number of it was not finite; absent: none. */
  skippedUpdates: z.int().positive().optional(),
  secondsPerStep: z.number().optional(),
  /** Steps in a row, up to the last, of which the judge could score too little. */
  stepsBelowScorable: z.int().optional(),
  /** Step records up to this step are in MLflow; -1: none. */
  mirroredStep: z.int(),
});
export type RunProgress = z.infer<typeof RunProgress>;

export const RecordStepInput = z.strictObject({
  runKey: z.string().min(1),
  /** Without `madeWith`, which is that of `progress.identity`. */
  record: StepRecord,
  progress: RunProgress,
});

/** Clips that were decoded before their step came. */
export const ClipsAhead = z.strictObject({ step: z.int(), clips: ArtifactRef });
export type ClipsAhead = z.infer<typeof ClipsAhead>;

/**
 * The whole state of a run between two steps: small numbers and references. A run that continues as new hands it to the
 * next execution as it is. The policies are absent until the run has loaded them.
 */
export const RunSnapshot = RunProgress.partial({ reference: true, policy: true }).extend({
  runKey: z.string(),
  /** `train` and `heldOut`: samples of the splits; `quarantined`: samples that could not be used. */
  dataset: z
    .strictObject({
      manifest: ArtifactRef,
      digest: z.string(),
      train: z.int(),
      heldOut: z.int().optional(),
      quarantined: z.int().optional(),
    })
    .optional(),
  heldOutClips: ArtifactRef.optional(),
  clipsAhead: ClipsAhead.optional(),
  tracking: Tracking.optional(),
  /** Step records exist up to this step; -1: none. */
  recordedStep: z.int(),
});
export type RunSnapshot = z.infer<typeof RunSnapshot>;

export const FindProgressInput = z.strictObject({ run: z.string().min(1) });
/** Absent: the run ended before its first benchmark. */
export const FindProgressOutput = z.strictObject({ progress: RunProgress.optional() });

export const ForkProgressInput = z.strictObject({
  /** The parent's key in the store, and the step to start from. */
  from: z.strictObject({ run: z.string().min(1), step: z.int().nonnegative() }),
  runKey: z.string().min(1),
  overrides: z.record(z.string(), z.unknown()),
  /** Of the fork: milliseconds since the epoch, from the workflow's clock. Absent: an older version's, the parent's. */
  startTime: z.int().nonnegative().optional(),
});
export const ForkProgressOutput = z.strictObject({ progress: RunProgress });
