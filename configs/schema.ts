import { z } from 'zod';
import { AlgorithmConfig, algorithmOf } from '../algorithms/registry.ts';
import { BenchmarkConfig, judgeOfBenchmarks } from '../benchmarks/benchmark-config.ts';
import { isMeasured, measuredBy } from '../benchmarks/held-out-metrics.ts';
import { DatasetConfig } from '../datasets/dataset-config.ts';
import { hasJudge, isLlm, isPriced, JudgeConfig } from '../judge/judge-config.ts';
import { endpointOf } from '../policy/endpoint-of.ts';
import { PolicyConfig, SamplingConfig } from '../policy/policy-config.ts';
import { PromptConfig } from '../policy/prompt-config.ts';
import { parseRunCheckpoint } from '../policy/run-checkpoint.ts';
import { COMPONENTS, componentsOf, RewardConfig } from '../rewards/registry.ts';
import { FrameOptions } from '../video/frame-options.ts';
import { BestConfig } from './best-config.ts';
import { CollapseConfig } from './collapse-config.ts';
import { judgeMissing } from './judge-missing.ts';
import { stepSizeIssues } from './size-limits.ts';

/**
 * The schema of an experiment file. A section belongs to the library that reads it and is declared there. Every field
 * has a default but the data set's paths and the lengths of the optional rewards, so `{}` is a whole config.
 */

const CheckpointConfig = z.strictObject({
  /**
   * Checkpoints of steps that are multiples of this stay, and a fork can start from them; others are removed once two
   * later steps exist. 0: only the last two stay.
   */
  keepEvery: z.int().nonnegative().default(20),
  /**
   * The checkpoint that the run exports at its end, in place of the last; the start policy is one to choose from. It
   * stays whatever `keepEvery` says, as does every other that was the best when it was measured. Absent: the last.
   */
  best: BestConfig.optional(),
});

/** Every field by itself; `ExperimentConfig` also says which of them fit together. */
export const ExperimentFields = z.strictObject({
  /** Of the experiment, in tables and in MLflow. Keys of its runs begin with it. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .default('experiment'),
  /**
   * What a user calls the run, to find it again: words, or `name=value`. In lists of runs and in MLflow, as tags. They
   * change nothing.
   */
  tags: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{1,60}(=[^\p{Cc}]{1,200})?$/u))
    .max(20)
    .default([]),
  /** What a user writes about the run, for the same places. It changes nothing. */
  note: z.string().max(1000).default(''),
  /** Decides everything random: completions, drawn prompts, the order of samples. */
  seed: z.int().nonnegative().default(1),
  /** The videos, and what is true about them. */
  dataset: DatasetConfig.prefault({ kind: 'shapes' }),
  /** What the policy sees of a video. */
  frames: FrameOptions.prefault({}),
  /** The model that learns, and what computes it. */
  policy: PolicyConfig.prefault({}),
  /** What the policy is asked about a video, and the form of its answer. */
  prompt: PromptConfig.prefault({}),
  /** How the policy learns. */
  algorithm: AlgorithmConfig.prefault({ kind: 'grpo' }),
  /** How completions are drawn for training. */
  sampling: SamplingConfig.prefault({}),
  /** What a completion is worth: the sum of its components, each times its weight. */
  reward: RewardConfig.prefault({}),
  /** What decides which events a caption tells. */
  judge: JudgeConfig.prefault({ kind: 'rule-based' }),
  /** Which checkpoints stay, and which one the run exports. */
  checkpoints: CheckpointConfig.prefault({}),
  /** When a policy counts as collapsed, and what the run does then. */
  collapse: CollapseConfig.prefault({}),
  /** How base and trained policy are measured on the held-out clips and on published benchmarks. */
  benchmark: BenchmarkConfig.prefault({}),
});

const WithRewards = ExperimentFields.superRefine((config, context) => {
  const { reward, judge, prompt, algorithm } = config;
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  const weighed = componentsOf(reward).filter(({ config }) => config.weight > 0);
  for (const { component } of weighed)
    if (component.needs?.field === 'thought' && prompt.output === 'plain')
      refuse(
        ['reward', component.name],
        `set reward.${component.name}.weight to 0, or prompt.output to structured: a plain completion has no analysis`,
      );
  for (const { path, off, why } of judgeMissing(config))
    refuse(path, `${off}, or name a judge in the section judge: ${why}`);
  const learnsFromRewards = algorithmOf(algorithm).learnsFrom === 'completions';
  const looksAtContent = weighed.some(({ component }) => component.name !== COMPONENTS.format.name);
  if (learnsFromRewards && !hasJudge(judge) && !looksAtContent)
    refuse(
      ['reward'],
      'add a reward that looks at the caption: one that needs no judge, such as rougeL: { weight: 1 }, or name a judge',
    );
});

export const ExperimentConfig = WithRewards.refine(
  ({ judge, reward }) => reward.caption.variant !== 'completeness-naturalness' || isLlm(judge),
  {
    path: ['reward', 'caption', 'variant'],
    error: 'set stepped, linear or f1, or judge.kind to llm: only a language model can rate captions as a whole',
  },
).superRefine((config, context) => {
  const { judge, benchmark, checkpoints, policy } = config;
  for (const { path, message } of stepSizeIssues(config)) context.addIssue({ code: 'custom', path, message });
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (endpointOf(policy.engine) !== undefined && parseRunCheckpoint(policy.model))
    refuse(
      ['policy', 'model'],
      'set the name under which the endpoint serves a model (policy.engine.kind is openai): export the checkpoint, ' +
        'and serve its folder',
    );
  const section = benchmark.judge ? ['benchmark', 'judge'] : ['judge'];
  if (benchmark.suites.length > 0 && !isLlm(judgeOfBenchmarks(config)))
    refuse(
      [...section, 'kind'],
      'set llm, with judge.baseUrl and judge.model: the suites of benchmark.suites are judged by a language model',
    );
  const neverReached = (one?: JudgeConfig) => one && isLlm(one) && one.budget.usd && !isPriced(one);
  const price = 'set inputPerMillion and outputPerMillion (USD): at a price of 0, judge.budget.usd is never reached';
  if (neverReached(judge)) refuse(['judge', 'price'], price);
  if (neverReached(benchmark.judge)) refuse(['benchmark', 'judge', 'price'], price);
  const { overlong } = config.reward;
  if (overlong && overlong.maxTokens > config.sampling.maxNewTokens)
    refuse(
      ['reward', 'overlong', 'maxTokens'],
      `set at most sampling.maxNewTokens (${config.sampling.maxNewTokens}): no completion is longer`,
    );
  if (checkpoints.best && !isMeasured(checkpoints.best.metric, benchmark.metrics))
    refuse(
      ['checkpoints', 'best', 'metric'],
      `the held-out benchmark does not measure it: set one of ${measuredBy(benchmark.metrics).join(', ')}`,
    );
  if (checkpoints.best && benchmark.everySteps === 0)
    refuse(
      ['benchmark', 'everySteps'],
      'set a number above 0: checkpoints.best compares the evaluations of every so many steps',
    );
});
export type ExperimentConfig = z.infer<typeof ExperimentConfig>;
