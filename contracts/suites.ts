import { z } from 'zod';
import { SuiteSource } from '../benchmarks/benchmark-config.ts';
import { RunCaptioning } from '../benchmarks/suites/captioning.ts';
import { PreparedSuite } from '../benchmarks/suites/suite-files.ts';
import { Variant } from '../benchmarks/suites/variants.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { JudgeSection } from '../judge/client/config-section.ts';
import { JudgeConfig } from '../judge/judge-config.ts';
import { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import { SuiteEvaluation } from './run-results.ts';

export const PrepareSuiteInput = z.strictObject({
  runKey: z.string(),
  source: SuiteSource,
  /** Checked here, before anything is captioned: a suite needs an LLM judge. */
  judge: JudgeConfig,
  /** How the run captions its held-out clips; only where the source has videos. */
  run: RunCaptioning.optional(),
});
export const PrepareSuiteOutput = PreparedSuite;

export const ScoreSuiteInput = z.strictObject({
  runKey: z.string(),
  step: z.int().nonnegative(),
  items: ArtifactRef,
  /** JSON each: `CaptionedClip[]`. */
  captions: z.array(ArtifactRef).min(1),
  /** Whose captions these are, for the report: a model and its step, or a file. */
  subject: z.string(),
  quirks: z.array(z.string()),
  variants: z.array(Variant).default([]),
  judge: JudgeConfig,
  /** Where the config has it. */
  judgeSection: JudgeSection.default('judge'),
  spent: JudgeSpending.default({ usd: 0, calls: 0 }),
});

export const ScoreSuiteOutput = SuiteEvaluation.omit({ step: true, policy: true }).extend({
  usage: JudgeUsage,
  seconds: z.number(),
});
