import { z } from 'zod';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { AnnotationStatistics, FieldsToMake } from '../datasets/annotation/annotation.ts';
import { JudgeConfig } from '../judge/judge-config.ts';
import { JudgeSpending, JudgeUsage } from '../judge/usage.ts';

/** What the stages of `datasetAnnotation` take and give, in the order data passes through. */

export const ReadCaptionsInput = z.strictObject({
  runKey: z.string(),
  /** Absolute paths of the JSONL file and of the one to be written. */
  dataset: z.string(),
  output: z.string(),
  make: FieldsToMake,
});
export const ReadCaptionsOutput = z.strictObject({
  /** A `CaptionedSamples`: the file as it was when it was read. */
  samples: ArtifactRef,
  total: z.int(),
  /** Samples that lack a field that is to be made. */
  open: z.int(),
});

export const AnnotateBatchInput = z.strictObject({
  runKey: z.string(),
  samples: ArtifactRef,
  /** Batches count from 1; batch n has the open samples from (n - 1) * size on. */
  batch: z.int().positive(),
  size: z.int().positive(),
  make: FieldsToMake,
  judge: JudgeConfig,
  spent: JudgeSpending,
});
export const AnnotateBatchOutput = z.strictObject({
  /** A `BatchAnnotations`. */
  annotations: ArtifactRef,
  annotated: z.int(),
  unscorable: z.int(),
  usage: JudgeUsage,
  seconds: z.number(),
});
export const WriteAnnotationsInput = z.strictObject({
  runKey: z.string(),
  samples: ArtifactRef,
  dataset: z.string(),
  output: z.string(),
  /** Batches that were done. */
  batches: z.int().nonnegative(),
  make: FieldsToMake,
  judge: z.strictObject({ model: z.string(), endpoint: z.string() }),
});

export const WriteAnnotationsOutput = z.strictObject({
  output: z.string(),
  review: z.string(),
  statistics: z.string(),
  samples: AnnotationStatistics.shape.samples,
  usage: AnnotationStatistics.shape.usage,
});
export type WrittenAnnotations = z.infer<typeof WriteAnnotationsOutput>;
