import { z } from 'zod';
import { ArtifactRef } from '../../core/artifact-ref.ts';
import { JudgedBy } from '../../judge/judged-by.ts';
import { JudgeUsage } from '../../judge/usage.ts';
import { SuiteName } from '../benchmark-config.ts';
import { SuiteCaptioning } from './captioning.ts';
import { CaptionsMadeWith, MadeWith } from './made-with.ts';

/** A suite's items as a run fixed them: what lies in the store between preparing and scoring. */
export const SuiteItems = z.strictObject({
  suite: SuiteName,
  /** The authors' file, or folder, as it was found. */
  annotations: z.string(),
  /** In the file's order; a suite's `item` says what each holds. */
  items: z.array(z.unknown()),
  /** How many items the authors' file has; more than `items` where a limit left some out. */
  outOf: z.int().optional(),
  /** Clips that nothing can be said about, by clip, with the reason. */
  missing: z.array(z.strictObject({ clip: z.string(), reason: z.string() })),
  /** What the captions are made with; absent in files of older versions. */
  made: CaptionsMadeWith.optional(),
  /** What a reader of the result must know of the predictions, as sentences. */
  warnings: z.array(z.string()).optional(),
});
export type SuiteItems = z.infer<typeof SuiteItems>;

/** One item of a result: a score, or why there is none. */
export const ItemResult = z.strictObject({
  id: z.string(),
  clip: z.string(),
  video: z.string(),
  /** Absent if the policy wrote none, or was not asked. */
  caption: z.string().optional(),
  /** As the suite's `score` says. */
  score: z.unknown().optional(),
  /** Why the judge gave no score. */
  unscorable: z.string().optional(),
  /** Why there is nothing to score. */
  missing: z.string().optional(),
  /** Why an endpoint wrote no caption, such as that it filtered the content. */
  notCaptioned: z.string().optional(),
  /** The caption was cut off at its token limit, as far as an endpoint says. */
  cut: z.literal(true).optional(),
});
export type ItemResult = z.infer<typeof ItemResult>;

/** What became of a published benchmark's items. */
export const SuiteCounts = z.strictObject({
  items: z.int(),
  /** Items of the authors' file, of which `items` were taken: more where a limit left some out. */
  outOf: z.int().optional(),
  /** Parts of the benchmark that nothing was measured of, where means are made of parts: VDC's aspects, by label. */
  absent: z.array(z.string()).optional(),
  /** Items in the means; those without a caption are among them unless `leaveOutEmpty` is on. */
  scored: z.int(),
  /** The policy wrote no caption: a score of 0, since that is its own fault, or what the judge says of it. */
  withoutCaption: z.int(),
  /** The judge would or could not answer: in no mean. */
  unscorable: z.int(),
  /** No video or no prediction: in no mean. */
  missing: z.int(),
  /** An endpoint refused the clip, or its caption: in no mean. Absent where there is none, as is `cut`. */
  notCaptioned: z.int().optional(),
  /** Captions that were cut off at their token limit, among the scored and unscorable ones. */
  cut: z.int().optional(),
});
export type SuiteCounts = z.infer<typeof SuiteCounts>;

const Table = z.strictObject({
  title: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.strictObject({ label: z.string(), values: z.array(z.number().nullable()) })),
});

/** A suite's whole result, as JSON: what the Markdown report is made from. */
export const SuiteResult = z.strictObject({
  suite: SuiteName,
  title: z.string(),
  source: z.string(),
  /** Whose captions were scored. */
  subject: z.string(),
  annotations: z.string(),
  judge: JudgedBy.extend({ endpoint: z.string() }),
  /** What the judge's answers took. */
  usage: JudgeUsage,
  /** The authors' quirks that were on, and what they do. */
  quirks: z.record(z.string(), z.string()),
  /** The same of what no author does. Absent in results of older versions, as is what follows. */
  variants: z.record(z.string(), z.string()).optional(),
  madeWith: MadeWith.optional(),
  /** What a reader must know of the predictions, as sentences. */
  warnings: z.array(z.string()).optional(),
  counts: SuiteCounts,
  /** Points 0-100 unless the column says otherwise. */
  metrics: z.record(z.string(), z.number()),
  /** The same, had every unscorable item scored as one without a caption. Only where there are such. */
  worst: z.record(z.string(), z.number()).optional(),
  columns: z.array(z.strictObject({ metric: z.string(), label: z.string(), digits: z.int().optional() })),
  published: z.array(
    z.strictObject({ model: z.string(), metrics: z.record(z.string(), z.number()), source: z.string() }),
  ),
  /** What else was published, in words. */
  notes: z.array(z.string()).optional(),
  tables: z.array(Table),
  items: z.array(ItemResult),
});
export type SuiteResult = z.infer<typeof SuiteResult>;

/** A suite that is ready to be captioned and scored. */
export const PreparedSuite = z.strictObject({
  /** A `SuiteItems`. */
  items: ArtifactRef,
  /**
   * `DatasetManifest`s whose held-out splits are the suite's clips, in parts: one caption activity each. Empty with
   * predictions.
   */
  manifests: z.array(ArtifactRef),
  /** JSON: `CaptionedClip[]`; only with predictions. */
  predictions: ArtifactRef.optional(),
  /** How the clips are to be captioned; absent with predictions, and in the results of older versions. */
  captioning: SuiteCaptioning.optional(),
  clips: z.int(),
  /** Clips without a video or a prediction. They are listed in the report, and never scored. */
  missing: z.int(),
});
export type PreparedSuite = z.infer<typeof PreparedSuite>;
