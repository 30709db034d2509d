import { z } from 'zod';
import type { CompletionAlgorithm } from './algorithm.ts';
import { DynamicSampling, withDynamicSampling } from './dynamic-sampling.ts';
import { float32 } from './float32.ts';
import { comparedInGroups } from './group-advantages.ts';
import { OptimizerConfig } from './optimizer-config.ts';
import { RefreshReferenceEvery } from './reference-refresh.ts';
import { RolloutLag } from './rollout-lag.ts';
import { SamplesPerPart } from './samples-per-part.ts';

/** How far a ratio may be from 1 where it is clipped. In 32 bits a smaller distance leaves no room around 1. */
export const ClipLow = z.number().min(1e-7).max(0.9999999);
export const ClipHigh = float32(z.number().min(1e-7));

export const GrpoConfig = z.strictObject({
  /** Group Relative Policy Optimization (arXiv 2402.03300). */
  kind: z.literal('grpo').default('grpo'),
  /** Steps of the run: each samples, scores and updates. */
  steps: z.int().min(0).default(40),
  /** Samples of a step, each with a group of `sampling.groupSize` completions. */
  samplesPerStep: z.int().min(1).max(1024).default(4),
  samplesPerPart: SamplesPerPart,
  /** Optimiser updates per rollout batch (mu). */
  iterations: z.int().min(1).max(16).default(1),
  rolloutLag: RolloutLag,
  /** Weight of the k3 KL to the reference policy. */
  beta: float32(z.number().nonnegative()).default(0.04),
  refreshReferenceEvery: RefreshReferenceEvery,
  /** A token's ratio is clipped below 1 - `clipLow`. */
  clipLow: ClipLow.default(0.2),
  /** A token's ratio is clipped above 1 + `clipHigh`. */
  clipHigh: ClipHigh.default(0.2),
  /**
   * How token losses become one: `grpo` averages over a completion's tokens, then over completions; `dapo` over all
   * tokens of the step; `dr_grpo` divides sums by `sampling.maxNewTokens`.
   */
  aggregation: z.enum(['grpo', 'dapo', 'dr_grpo']).default('grpo'),
  /** `group` divides advantages by the group's standard deviation; `none` only centres them (Dr. GRPO). */
  scaleRewards: z.enum(['group', 'none']).default('group'),
  /** Leave groups whose rewards are all equal out of the update. */
  skipUniformGroups: z.boolean().default(false),
  dynamicSampling: DynamicSampling.optional(),
  optimizer: OptimizerConfig.prefault({}),
});
export type GrpoConfig = z.infer<typeof GrpoConfig>;

/** Group Relative Policy Optimization (arXiv 2402.03300), as VideoCap-R1 section 3 uses it. */
export const grpo: CompletionAlgorithm<GrpoConfig> = withDynamicSampling<GrpoConfig>({
  config: GrpoConfig,
  loss: 'grpo',
  learnsFrom: 'completions',
  advantages: comparedInGroups,
});
