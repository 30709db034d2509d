import { z } from 'zod';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { Batch } from '../core/batch.ts';
import { Identity } from '../core/identity.ts';
import { ReferenceField } from '../core/sample.ts';
import { DatasetConfig } from '../datasets/dataset-config.ts';
import { EngineConfig } from '../policy/policy-config.ts';
import { PromptConfig } from '../policy/prompt-config.ts';
import { FrameOptions } from '../video/frame-options.ts';

/** The stages that make a data set and its clips. Everything large is an `ArtifactRef`. */

export const PrepareDatasetInput = z.strictObject({
  runKey: z.string(),
  dataset: DatasetConfig,
  /** How the run will take frames of its videos. */
  frames: FrameOptions.prefault({}),
  /** What every training sample must have, and the component of the reward that needs it. */
  needs: z.array(z.strictObject({ field: ReferenceField, component: z.string() })).default([]),
  /** What reads and writes the texts, whose lengths are limited; absent: they may have any. */
  policy: z
    .strictObject({
      model: z.string(),
      engine: EngineConfig,
      prompt: PromptConfig,
      /** Whether it learns to write the references. */
      learnsFrom: z.enum(['references', 'completions']),
      /** `sampling.maxNewTokens` and `benchmark.maxNewTokens` of the config. */
      maxNewTokens: z.strictObject({ sampling: z.int(), benchmark: z.int() }),
    })
    .optional(),
});
export const PrepareDatasetOutput = z.strictObject({
  /** A `DatasetManifest`. */
  manifest: ArtifactRef,
  digest: z.string(),
  train: z.int(),
  heldOut: z.int(),
  quarantined: z.int(),
});

export const ExtractFramesInput = z.strictObject({
  manifest: ArtifactRef,
  /** A batch of the training split, or all of the other one. */
  samples: z.union([Batch, z.literal('held-out')]),
  frames: FrameOptions,
  /** What the policy is asked about them. */
  prompt: PromptConfig.prefault({}),
});
export const ExtractFramesOutput = z.strictObject({
  /** JSON: `ClipRef[]`, in the order asked for. */
  clips: ArtifactRef,
  /** What this worker decodes frames with; those that were stored before may be of another decoder. */
  decodedWith: Identity.optional(),
});
