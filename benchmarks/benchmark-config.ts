import { z } from 'zod';
import { DECODING, type Decoding } from '../core/token-filters.ts';
import { JudgeConfig } from '../judge/judge-config.ts';
import { HeldOutMetric } from './held-out-metrics.ts';
import { CaptioningConfig } from './suites/captioning.ts';
import { Variant } from './suites/variants.ts';

/** Published benchmarks that are read from their authors' own files. */
export const SuiteName = z.enum(['dream1k', 'vdc', 'carebench']);
export type SuiteName = z.infer<typeof SuiteName>;

export const SuiteConfig = z.strictObject({
  /** Which one. */
  suite: SuiteName,
  /** The authors' annotation file (VDC: or the folder of its five). */
  annotations: z.string().min(1),
  /** Folder of the videos, subfolders included. */
  videos: z.string().min(1),
  /** Only the first so many clips of the file. */
  limit: z.int().min(1).optional(),
  /** Names of the authors' quirks that are to be on. */
  quirks: z.array(z.string()).default([]),
  /** What is to be done otherwise than any author does it. */
  variants: z.array(Variant).optional(),
  /** How the policy captions the clips, where that is not to be as the benchmark's authors have it. */
  captioning: CaptioningConfig.optional(),
});
export type SuiteConfig = z.infer<typeof SuiteConfig>;

/**
 * A published benchmark and where its captions come from: a policy that is shown the videos, or a file of captions that
 * were made elsewhere.
 */
export const SuiteSource = SuiteConfig.omit({ videos: true }).extend({
  videos: z.string().min(1).optional(),
  predictions: z.string().min(1).optional(),
});
export type SuiteSource = z.infer<typeof SuiteSource>;

/** Who judges benchmarks: `benchmark.judge`, or else the run's judge. */
export function judgeOfBenchmarks({
  judge,
  benchmark,
}: {
  judge: JudgeConfig;
  benchmark: BenchmarkConfig;
}): JudgeConfig {
  return benchmark.judge ?? judge;
}

export const BenchmarkConfig = z
  .strictObject({
    /** Evaluate every so many steps, besides before the first and after the last; 0: only those two. */
    everySteps: z.int().nonnegative().default(20),
    /** A caption is cut off after so many tokens, the analysis before it included. */
    maxNewTokens: z.int().min(1).default(128),
    ...DECODING,
    /**
     * What held-out captions are measured by. Where a config does not say and there is no judge: all that need none.
     */
    metrics: z
      .array(HeldOutMetric)
      .min(1)
      .refine((names) => new Set(names).size === names.length, 'name every metric once')
      .default(['events']),
    /** Published benchmarks that the base and the trained policy are measured on as well. They need an LLM judge. */
    suites: z
      .array(SuiteConfig)
      .refine((suites) => new Set(suites.map(({ suite }) => suite)).size === suites.length, 'name every suite once')
      .default([]),
    /**
     * Judges held-out captions and suites in place of `judge`, with a budget of its own: a policy that has learnt what
     * its judge likes is measured by another one.
     */
    judge: JudgeConfig.optional(),
  })
  .superRefine(({ temperature, topK, topP, minP }, context) => {
    const idle = Object.entries({ topK: topK > 0, topP: topP < 1, minP: minP > 0 }).filter(([, isOn]) => isOn);
    if (temperature === 0)
      for (const [name] of idle)
        context.addIssue({
          code: 'custom',
          path: [name],
          message:
            'set benchmark.temperature above 0, or leave it out: at 0 the likeliest token is taken, whatever ' +
            `${name} is`,
        });
  });
export type BenchmarkConfig = z.infer<typeof BenchmarkConfig>;

/** How a benchmark chooses tokens, as the engine takes it. */
export function decodingOf({ temperature, topK, topP, minP, repetitionPenalty }: BenchmarkConfig): Decoding {
  return { temperature, topK, topP, minP, repetitionPenalty };
}

/** What a reader of results should know about how their captions were decoded: `greedy, repetitionPenalty 1.2`. */
export function decodingText({ temperature, topK, topP, minP, repetitionPenalty }: Decoding): string {
  return [
    temperature > 0 ? `sampled at temperature ${temperature}` : 'greedy',
    ...(topK > 0 ? [`topK ${topK}`] : []),
    ...(topP < 1 ? [`topP ${topP}`] : []),
    ...(minP > 0 ? [`minP ${minP}`] : []),
    ...(repetitionPenalty !== 1 ? [`repetitionPenalty ${repetitionPenalty}`] : []),
  ].join(', ');
}
