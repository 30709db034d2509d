import { z } from 'zod';
import { SuiteConfig } from '../configs/schema.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { JudgeConfig } from '../judge/judge-config.ts';
import { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import { SuiteEvaluation } from './run-results.ts';

/**
 * A published benchmark and where its captions come from: a policy that is shown the videos, or a file of captions that were
 * made elsewhere.
 */
export const SuiteSource = SuiteConfig.omit({ videos: true }).extend({
  videos: z.string().min(1).optional(),
  predictions: z.string().min(1).optional(),
});
export type SuiteSource = z.infer<typeof SuiteSource>;

export const PrepareSuiteInput = z.strictObject({
  runKey: z.string(),
  source: SuiteSource,
  /** Checked here, before anything is captioned: a suite needs an LLM judge. */
  judge: JudgeConfig,
});
export const PrepareSuiteOutput = z.strictObject({
  /** A `SuiteItems`. */
  items: ArtifactRef,
  /** `DatasetManifest`s whose held-out splits are the suite's clips, in parts: one caption activity each. Empty with predictions. */
  manifests: z.array(ArtifactRef),
  /** JSON: `CaptionedClip[]`; only with predictions. */
  predictions: ArtifactRef.optional(),
  clips: z.int(),
  /** Clips without a video or a prediction. They are listed in the report, and never scored. */
  missing: z.int(),
});
export type PreparedSuite = z.infer<typeof PrepareSuiteOutput>;

export const ScoreSuiteInput = z.strictObject({
  runKey: z.string(),
  step: z.int().nonnegative(),
  items: ArtifactRef,
  /** JSON each: `CaptionedClip[]`. */
  captions: z.array(ArtifactRef).min(1),
  /** Whose captions these are, for the report: a model and its step, or a file. */
  subject: z.string(),
  quirks: z.array(z.string()),
  judge: JudgeConfig,
  spent: JudgeSpending.default({ usd: 0, calls: 0 }),
});

export const ScoreSuiteOutput = SuiteEvaluation.omit({ step: true, policy: true }).extend({
  usage: JudgeUsage,
  seconds: z.number(),
});
