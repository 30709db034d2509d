import { z } from 'zod';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { Thought } from '../core/sample.ts';
import { JudgeConfig } from '../judge/judge-config.ts';
import { JudgeSpending, JudgeUsage } from '../judge/usage.ts';

/** What the stages of `datasetAnnotation` take and give, in the order data passes through. */

export const ReadCaptionsInput = z.strictObject({
  runKey: z.string(),
  /** Absolute paths of the JSONL file and of the one to be written. */
  dataset: z.string(),
  output: z.string(),
});
export const ReadCaptionsOutput = z.strictObject({
  /** A `CaptionedSamples`: the file as it was when it was read. */
  samples: ArtifactRef,
  total: z.int(),
  /** Samples that lack a thought or events. */
  open: z.int(),
});

/** A line of a dataset file. */
export const CaptionedSample = z.strictObject({
  id: z.string().optional(),
  video: z.string(),
  caption: z.string(),
  thought: Thought.optional(),
  events: z.array(z.string()).optional(),
});
export type CaptionedSample = z.infer<typeof CaptionedSample>;
/** In the file's order; `line` counts from 1. */
export const CaptionedSamples = z.array(z.strictObject({ line: z.int(), sample: CaptionedSample }));
export type CaptionedSamples = z.infer<typeof CaptionedSamples>;

/** What a language model makes of a caption, or why it makes nothing of it. */
export const Annotation = z.union([
  z.strictObject({ thought: Thought, events: z.array(z.string()) }),
  z.strictObject({ unscorable: z.string() }),
]);
export type Annotation = z.infer<typeof Annotation>;

export const AnnotateBatchInput = z.strictObject({
  runKey: z.string(),
  samples: ArtifactRef,
  /** Batches count from 1; batch n has the open samples from (n - 1) * size on. */
  batch: z.int().positive(),
  size: z.int().positive(),
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
export const BatchAnnotations = z.array(z.strictObject({ line: z.int(), annotation: Annotation }));

export const WriteAnnotationsInput = z.strictObject({
  runKey: z.string(),
  samples: ArtifactRef,
  dataset: z.string(),
  output: z.string(),
  /** Batches that were done. */
  batches: z.int().nonnegative(),
  judge: z.strictObject({ model: z.string(), endpoint: z.string() }),
});

const Spread = z.strictObject({ min: z.number(), median: z.number(), mean: z.number(), max: z.number() });

export const AnnotationStatistics = z.strictObject({
  dataset: z.string(),
  judge: z.strictObject({ model: z.string(), endpoint: z.string(), prompt: z.string() }),
  samples: z.strictObject({
    total: z.int(),
    /** Had thought and events already. */
    complete: z.int(),
    annotated: z.int(),
    unscorable: z.int(),
    /** Not asked, since the run was stopped. */
    notAsked: z.int(),
    /** Annotated ones that a person should look at. */
    odd: z.int(),
  }),
  /** Of the annotated samples; absent without any. */
  perSample: z.strictObject({ subjects: Spread, attributes: Spread, actions: Spread, events: Spread }).optional(),
  unscorable: z.array(z.strictObject({ line: z.int(), id: z.string(), reason: z.string() })),
  /** How many annotated samples have it, by oddity. */
  oddities: z.record(z.string(), z.int()),
  usage: JudgeUsage.omit({ latencySeconds: true }),
  /** Of asking, without waiting between attempts. */
  seconds: z.number(),
});
export type AnnotationStatistics = z.infer<typeof AnnotationStatistics>;

export const WriteAnnotationsOutput = z.strictObject({
  output: z.string(),
  review: z.string(),
  statistics: z.string(),
  samples: AnnotationStatistics.shape.samples,
  usage: AnnotationStatistics.shape.usage,
});
export type WrittenAnnotations = z.infer<typeof WriteAnnotationsOutput>;
