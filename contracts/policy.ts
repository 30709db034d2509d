import { z } from 'zod';
import { AlgorithmConfig } from '../algorithms/registry.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { SampleRange } from '../core/batch.ts';
import { OutputForm } from '../core/completion.ts';
import { Identity } from '../core/identity.ts';
import { NotFinite } from '../core/not-finite.ts';
import { Place, StepPlace } from '../core/place.ts';
import { PolicyRef } from '../core/policy-ref.ts';
import { Decoding } from '../core/token-filters.ts';
import { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import { EngineConfig, PolicyConfig, SamplingConfig } from '../policy/policy-config.ts';
import { HeldBy } from './held-by.ts';

/**
 * The engine contract: five activities that every policy engine serves on its task queue `policy-<kind>`, whatever it
 * is written in. Everything large is an `ArtifactRef`; an activity that is tried again at the same place answers the
 * same.
 */

/**
 * What the engine has computed an output with, as versions and settings by name: library, graphs or kernels, processor,
 * number of threads. A run that goes on with another one says what differs. Absent where an engine does not say.
 */
const COMPUTED_WITH = { computedWith: Identity.optional() };

/** Absent where a worker has no queue of its own. */
const HELD_BY = { heldBy: HeldBy.optional() };

export const LoadPolicyInput = z.strictObject({
  runKey: z.string(),
  policy: PolicyConfig,
  /**
   * The start policy of a run that was resumed, forked or continued: its weights are checked, and restored if damaged.
   */
  reference: PolicyRef.optional(),
});
export const LoadPolicyOutput = z.strictObject({ policy: PolicyRef, ...HELD_BY });

export const RolloutGroupsInput = Place.extend({
  policy: PolicyRef,
  engine: EngineConfig,
  /** JSON: `ClipRef[]`, the clips of the round. */
  clips: ArtifactRef,
  /** Those of the clips that are sampled, of a round in parts; absent: all. */
  samples: SampleRange.optional(),
  /** The form of the completions. */
  output: OutputForm.default('structured'),
  sampling: SamplingConfig,
  seed: z.int(),
});
export const RolloutGroupsOutput = z.strictObject({
  /** A `Rollout`. */
  rollout: ArtifactRef,
  completions: z.int(),
  tokens: z.int(),
  meanLength: z.number(),
  truncated: z.int(),
  ...COMPUTED_WITH,
  ...HELD_BY,
  seconds: z.number(),
});

export const CaptionClipsInput = StepPlace.extend({
  policy: PolicyRef,
  engine: EngineConfig,
  /** JSON: `ClipRef[]`. */
  clips: ArtifactRef,
  /** Distinguishes the lists of clips of one step: `held-out`, `dream1k-2`. */
  list: z.string().regex(/^[a-z0-9-]+$/),
  /** The form of the completions. */
  output: OutputForm.default('structured'),
  maxNewTokens: z.int(),
  decoding: Decoding.prefault({}),
  /** What is drawn where `decoding.temperature` is above 0 depends on it. */
  seed: z.int().default(0),
  /** Of an engine whose captions are paid for: what the run had spent on them before. */
  spent: JudgeSpending.optional(),
});
export const CaptionClipsOutput = z.strictObject({
  /** JSON: `CaptionedClip[]`. */
  captions: ArtifactRef,
  /** Of an engine whose captions are paid for: what these have cost, the same after a crash. */
  usage: JudgeUsage.optional(),
  ...COMPUTED_WITH,
  ...HELD_BY,
  seconds: z.number(),
});

export const UpdatePolicyInput = StepPlace.extend({
  policy: PolicyRef,
  /** The frozen policy that the KL is measured to: the start policy, or a later one that took its place. */
  reference: PolicyRef,
  engine: EngineConfig,
  /** The form of the completions. */
  output: OutputForm.default('structured'),
  algorithm: AlgorithmConfig,
  /** `checkpoints.keepEvery` of the config. */
  keepEvery: z.int().nonnegative(),
  /** Steps whose checkpoints stay as well, such as the best one's. */
  keep: z.array(z.int().nonnegative()).optional(),
  batch: z.discriminatedUnion('learnsFrom', [
    z.strictObject({
      learnsFrom: z.literal('completions'),
      /**
       * JSON: `ScoredRollout[]`, the step's rollouts in the order in which they were sampled, each with its
       * `advantages`: laid out like the rollout, `null` where a completion stays out of the update.
       */
      scored: ArtifactRef,
      /** JSON: for each of them the `ClipRef[]` that it was sampled for. */
      clips: z.array(ArtifactRef).min(1),
      temperature: z.number(),
      maxNewTokens: z.int(),
    }),
    z.strictObject({
      learnsFrom: z.literal('references'),
      /** JSON: `ClipRef[]`, and the `DatasetManifest` that has their samples. */
      clips: ArtifactRef,
      manifest: ArtifactRef,
    }),
  ]),
});
export const UpdatePolicyOutput = z.strictObject({
  policy: PolicyRef,
  /** `loss`, `kl`, `clipFraction`, `entropy`, `gradNorm`, `learningRate`, `tokens`, ... */
  metrics: z.record(z.string(), z.number()),
  /**
   * Where a number of the update is not finite: `policy` is then the one that was given, weights and optimiser state
   * byte for byte, under this step's own keys, and `metrics.updates` is 0.
   */
  notFinite: NotFinite.optional(),
  ...COMPUTED_WITH,
  ...HELD_BY,
  seconds: z.number(),
});

export const ExportPolicyInput = z.strictObject({ runKey: z.string(), policy: PolicyRef });
export const ExportPolicyOutput = z.strictObject({
  /** A model folder on the worker's machine that `transformers` and `videocap caption` open. */
  folder: z.string(),
  ...HELD_BY,
});
