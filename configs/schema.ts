import { z } from 'zod';
import { AlgorithmConfig } from '../algorithms/registry.ts';
import { BenchmarkConfig } from '../benchmarks/benchmark-config.ts';
import { DatasetConfig } from '../datasets/dataset-config.ts';
import { isLlm, isPriced, JudgeConfig } from '../judge/judge-config.ts';
import { PolicyConfig, SamplingConfig } from '../policy/policy-config.ts';
import { RewardConfig } from '../rewards/registry.ts';
import { FrameOptions } from '../video/frame-options.ts';
import { BestConfig } from './best-config.ts';

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
  /**
   * The checkpoint that the run exports at its end, in place of the last; the start policy is one to choose from. It
   * stays whatever `keepEvery` says, as does every other that was the best when it was measured. Absent: the last.
   */
  best: BestConfig.optional(),
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
  })
  .refine(({ checkpoints, benchmark }) => !checkpoints.best || benchmark.everySteps > 0, {
    path: ['benchmark', 'everySteps'],
    error: 'set a number above 0: checkpoints.best compares the evaluations of every so many steps',
  });
export type ExperimentConfig = z.infer<typeof ExperimentConfig>;
