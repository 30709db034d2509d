import { z } from 'zod';
import { AlgorithmConfig } from '../algorithms/registry.ts';
import { BenchmarkConfig } from '../benchmarks/benchmark-config.ts';
import { DatasetConfig } from '../datasets/dataset-config.ts';
import { isLlm, isPriced, JudgeConfig } from '../judge/judge-config.ts';
import { PolicyConfig, SamplingConfig } from '../policy/policy-config.ts';
import { PromptConfig } from '../policy/prompt-config.ts';
import { RewardConfig } from '../rewards/registry.ts';
import { FrameOptions } from '../video/frame-options.ts';

/**
 * The schema of an experiment file. A section belongs to the library that reads it and is declared there. Every field has a
 * default but the data set's paths, so `{}` is a whole config.
 */

const CheckpointConfig = z.strictObject({
  /**
   * Checkpoints of steps that are multiples of this stay, and a fork can start from them; others are removed once two later
   * steps exist. 0: only the last two stay.
   */
  keepEvery: z.int().nonnegative().default(20),
});

const Experiment = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .default('experiment'),
  seed: z.int().nonnegative().default(1),
  dataset: DatasetConfig.prefault({ kind: 'shapes' }),
  frames: FrameOptions.prefault({}),
  policy: PolicyConfig.prefault({}),
  prompt: PromptConfig.prefault({}),
  algorithm: AlgorithmConfig.prefault({ kind: 'grpo' }),
  sampling: SamplingConfig.prefault({}),
  reward: RewardConfig.prefault({}),
  judge: JudgeConfig.prefault({ kind: 'rule-based' }),
  checkpoints: CheckpointConfig.prefault({}),
  benchmark: BenchmarkConfig.prefault({}),
});
export const ExperimentConfig = Experiment.refine(
  ({ judge, reward }) => reward.caption.variant !== 'completeness-naturalness' || isLlm(judge),
  {
    path: ['reward', 'caption', 'variant'],
    error: 'set stepped, linear or f1, or judge.kind to llm: only a language model can rate captions as a whole',
  },
)
  .refine(({ judge, benchmark }) => benchmark.suites.length === 0 || isLlm(judge), {
    path: ['judge', 'kind'],
    error: 'set llm, with judge.baseUrl and judge.model: the suites of benchmark.suites are judged by a language model',
  })
  .refine(({ judge }) => !isLlm(judge) || !judge.budget.usd || isPriced(judge), {
    path: ['judge', 'price'],
    error: 'set inputPerMillion and outputPerMillion (USD): at a price of 0, judge.budget.usd is never reached',
  });
export type ExperimentConfig = z.infer<typeof ExperimentConfig>;
