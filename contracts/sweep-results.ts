import { z } from 'zod';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { LONGEST_REASON } from './sweep-plan.ts';

/** What became of one run of a sweep. */
export const SweepOutcome = z.strictObject({
  arm: z.string(),
  condition: z.string(),
  seed: z.int().nonnegative(),
  /**
   * `stopped`: a user ended it before its last step; `early`: its arm was not among the best; `skipped`: it was not
   * started. Only `finished` ones count.
   */
  state: z.enum(['finished', 'stopped', 'early', 'failed', 'skipped']),
  /** Why it did not finish: a clause for people. */
  reason: z.string().max(LONGEST_REASON).optional(),
  /** Its key in the store. Absent: it was not started. */
  run: z.string().optional(),
  /** A `HeldOutDetails`: the benchmark of the policy that it ended with. */
  details: ArtifactRef.optional(),
});
export type SweepOutcome = z.infer<typeof SweepOutcome>;

/** An arm against the reference arm on the same clips. Points; 95% bounds. */
const Difference = z.strictObject({
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  p: z.number(),
  /** Holm's correction over all comparisons of the sweep. */
  corrected: z.number(),
  /** Clips that all runs of both arms have a score for. */
  clips: z.int(),
  /** The smallest difference that four of five such sweeps would find. */
  smallest: z.number(),
});

export const SweepRow = z.strictObject({
  arm: z.string(),
  /** Of the runs that count. */
  seeds: z.array(z.int()),
  /** Of the metric that decides, in points: a value a seed, their mean and standard deviation (ddof 1). */
  values: z.array(z.number()),
  mean: z.number().nullable(),
  deviation: z.number().nullable(),
  /** Means of the other metrics. */
  others: z.record(z.string(), z.number()),
  /** Absent for the reference arm, and where one of the two has no result. */
  against: Difference.optional(),
  /** Of a run that counts; 0: it is not trained, so that one seed is all there is. */
  steps: z.int().optional(),
  /** The parts of its reward that the paper's table 3 compares; absent where it learns from references. */
  rewards: z.strictObject({ think: z.boolean(), caption: z.string().nullable() }).optional(),
  /** All runs of the arm in the condition: what was paid. */
  judgeCalls: z.int(),
  judgeUsd: z.number(),
  /** Of training steps. */
  seconds: z.number(),
});
export type SweepRow = z.infer<typeof SweepRow>;

/** The results of a sweep, or of runs that are compared. */
export const SweepTable = z.strictObject({
  name: z.string(),
  metric: z.string(),
  reference: z.string(),
  conditions: z.array(z.strictObject({ name: z.string(), clips: z.int(), rows: z.array(SweepRow) })),
  /** Sentences that follow from the numbers. */
  verdict: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Runs that are in no number. */
  leftOut: z.array(z.strictObject({ arm: z.string(), run: z.string(), state: z.string(), reason: z.string() })),
  judges: z.array(z.string()),
  shared: z.strictObject({
    /** Videos of all runs' data sets, and how many different files those are: each is made and decoded once. */
    videos: z.strictObject({ used: z.int(), made: z.int() }),
    /** Answers of a language model in training, and how many of them were asked for: the ledger had the others. */
    answers: z.strictObject({ used: z.int(), paid: z.int() }),
    /** Benchmarks of start policies, and how many times the captions were made. */
    startCaptions: z.strictObject({ used: z.int(), made: z.int() }),
  }),
});
export type SweepTable = z.infer<typeof SweepTable>;

export const WriteSweepTableInput = z.strictObject({
  /** The sweep's key in the store. */
  runKey: z.string().min(1),
  name: z.string(),
  metric: z.string(),
  reference: z.string(),
  outcomes: z.array(SweepOutcome),
});
export const WriteSweepTableOutput = z.strictObject({
  result: SweepTable,
  /** JSON: the `SweepTable`. */
  table: ArtifactRef,
  /** The same for people: Markdown, and a page with pictures. */
  report: ArtifactRef,
  page: ArtifactRef,
});

/** What a sweep gives at its end. */
export const SweepSummary = WriteSweepTableOutput.extend({
  runKey: z.string(),
  outcomes: z.array(SweepOutcome),
  mlflowRunUrl: z.string().optional(),
});
export type SweepSummary = z.infer<typeof SweepSummary>;
