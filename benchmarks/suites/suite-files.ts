import { z } from 'zod';
import { SuiteName } from '../../configs/schema.ts';
import { SuiteCounts } from '../../contracts/run-results.ts';
import { JudgedBy } from '../../judge/judged-by.ts';
import { JudgeUsage } from '../../judge/usage.ts';

/** A suite's items as a run fixed them: what lies in the store between preparing and scoring. */
export const SuiteItems = z.strictObject({
  suite: SuiteName,
  /** The authors' file, or folder, as it was found. */
  annotations: z.string(),
  /** In the file's order; a suite's `item` says what each holds. */
  items: z.array(z.unknown()),
  /** How many items the authors' file has; more than `items` where a limit left some out. Absent in older files. */
  outOf: z.int().optional(),
  /** Clips that nothing can be said about, by clip, with the reason. */
  missing: z.array(z.strictObject({ clip: z.string(), reason: z.string() })),
});
export type SuiteItems = z.infer<typeof SuiteItems>;

/** One item of a result: a score, or why there is none. */
export const ItemResult = z.strictObject({
  id: z.string(),
  clip: z.string(),
  video: z.string(),
  /** Absent where the policy wrote none, or nobody was asked for one. */
  caption: z.string().optional(),
  /** As the suite's `score` says. */
  score: z.unknown().optional(),
  /** Why the judge gave no score. */
  unscorable: z.string().optional(),
  /** Why there is nothing to score. */
  missing: z.string().optional(),
});
export type ItemResult = z.infer<typeof ItemResult>;

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
  /** What the judge's answers took. Absent in older results. */
  usage: JudgeUsage.optional(),
  /** The authors' quirks that were on, and what they do. */
  quirks: z.record(z.string(), z.string()),
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
