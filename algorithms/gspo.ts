import { z } from 'zod';
import type { CompletionAlgorithm } from './algorithm.ts';
import { withDynamicSampling } from './dynamic-sampling.ts';
import { float32 } from './float32.ts';
import { comparedInGroups } from './group-advantages.ts';
import { ClipHigh, ClipLow, GrpoConfig } from './grpo.ts';

export const GspoConfig = GrpoConfig.omit({ aggregation: true }).extend({
  /** Group Sequence Policy Optimization (arXiv 2507.18071): one ratio a completion. */
  kind: z.literal('gspo'),
  /**
   * Optimiser updates per rollout batch. The paper makes 4: ratios differ from 1 only from the second on, so that with
   * 1 the update is GRPO's.
   */
  iterations: z.int().min(1).max(16).default(4),
  /** Weight of the k3 KL to the reference policy. The paper has none. */
  beta: float32(z.number().nonnegative()).default(0),
  /**
   * A completion's ratio is clipped below 1 - `clipLow`. It is a mean over its tokens, so the paper's clip range is a
   * thousandth of GRPO's.
   */
  clipLow: ClipLow.default(3e-4),
  /** A completion's ratio is clipped above 1 + `clipHigh`. */
  clipHigh: ClipHigh.default(4e-4),
});
export type GspoConfig = z.infer<typeof GspoConfig>;

/**
 * Group Sequence Policy Optimization (arXiv 2507.18071): GRPO with one importance ratio a completion, which is the
 * geometric mean of its tokens' ratios and is clipped as a whole. Completions count alike, whatever their length.
 */
export const gspo: CompletionAlgorithm<GspoConfig> = withDynamicSampling<GspoConfig>({
  config: GspoConfig,
  loss: 'gspo',
  learnsFrom: 'completions',
  advantages: comparedInGroups,
});
