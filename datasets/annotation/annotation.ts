import { z } from 'zod';
import { ReferenceField } from '../../core/sample.ts';
import { JudgeUsage } from '../../judge/usage.ts';
import { OwnSampleFields } from '../own-sample.ts';

/** A sample of a dataset file. */
export const CaptionedSample = OwnSampleFields;
export type CaptionedSample = z.infer<typeof CaptionedSample>;
/** In the file's order; `line` counts from 1. */
export const CaptionedSamples = z.array(z.strictObject({ line: z.int(), sample: CaptionedSample }));
export type CaptionedSamples = z.infer<typeof CaptionedSamples>;

/** The fields of samples that an annotation makes. */
export const FieldsToMake = z.array(ReferenceField).min(1).default(['thought', 'events']);

/** What a language model makes of a caption: each field that was asked for, unless its answer cannot be used. */
export const Annotation = CaptionedSample.pick({
  thought: true,
  events: true,
  questions: true,
  keyPoints: true,
}).extend({
  /** Why an answer could not be used; what other answers gave is kept. */
  unscorable: z.string().optional(),
});
export type Annotation = z.infer<typeof Annotation>;

export const BatchAnnotations = z.array(z.strictObject({ line: z.int(), annotation: Annotation }));
export type BatchAnnotations = z.infer<typeof BatchAnnotations>;

const Spread = z.strictObject({ min: z.number(), median: z.number(), mean: z.number(), max: z.number() });

export const AnnotationStatistics = z.strictObject({
  dataset: z.string(),
  judge: z.strictObject({ model: z.string(), endpoint: z.string(), prompt: z.string() }),
  samples: z.strictObject({
    total: z.int(),
    /** Had everything that was to be made already. */
    complete: z.int(),
    annotated: z.int(),
    unscorable: z.int(),
    /** Not asked, since the run was stopped. */
    notAsked: z.int(),
    /** Annotated ones that a person should look at. */
    odd: z.int(),
  }),
  /** Of the annotated samples; absent without any. */
  perSample: z
    .strictObject({ subjects: Spread, attributes: Spread, actions: Spread, events: Spread })
    .extend({ questions: Spread, keyPoints: Spread })
    .partial()
    .optional(),
  unscorable: z.array(z.strictObject({ line: z.int(), id: z.string(), reason: z.string() })),
  /** How many annotated samples have it, by oddity. */
  oddities: z.record(z.string(), z.int()),
  usage: JudgeUsage.omit({ latencySeconds: true }),
  /** Of asking, without waiting between attempts. */
  seconds: z.number(),
});
export type AnnotationStatistics = z.infer<typeof AnnotationStatistics>;
