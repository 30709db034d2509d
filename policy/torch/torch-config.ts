import { z } from 'zod';
import { RolloutConfig } from './vllm/rollout-config.ts';

/** PyTorch: Qwen2-VL, Qwen2.5-VL and Qwen3-VL of any size, on GPUs or on the CPU. */
export const TorchConfig = z.strictObject({
  /** PyTorch, in processes beside the worker. */
  kind: z.literal('torch'),
  /** Processes that share the model: one for each GPU of the host. Part of what makes a run bit-exact. */
  ranks: z.int().min(1).max(64).default(1),
  /** What the ranks compute in, and what frozen weights are kept in. Trained weights and moments are float32. */
  dtype: z.enum(['bfloat16', 'float32']).default('bfloat16'),
  /** Train low-rank adapters of the decoder's linear layers in place of the weights; absent: train the weights. */
  lora: z
    .strictObject({
      /** Columns of the two matrices of an adapter. */
      rank: z.int().min(1).max(1024).default(64),
      /** Adapters are scaled by `alpha / rank`. */
      alpha: z.number().positive().default(128),
    })
    .optional(),
  /** Leave the vision tower as it is. Adapters leave it in any case. */
  freezeVision: z.boolean().default(true),
  /** Compute activations again in the backward pass, a block at a time: a third more time, a fraction of the memory. */
  gradientCheckpointing: z.boolean().default(true),
  /**
   * After steps that are multiples of this, all weights and moments are stored as files; above 1 they are written
   * beside the next step. The steps between have a recipe: a few kilobytes that name the last checkpoint with files and
   * the rollouts since. After a crash, and for a fork or a start from such a step, their updates are made again,
   * without a rollout or a question to the judge. Adapters are small, and are stored after every step whatever this
   * says.
   */
  checkpointEvery: z.int().min(1).max(10_000).default(1),
  /**
   * The most tokens, prompts and videos included, that a rank computes at once. Memory grows with it. Part of what
   * makes a run bit-exact.
   */
  tokensPerMicroBatch: z.int().min(64).max(1_000_000).default(8192),
  /** What samples completions: the ranks themselves, or servers of vLLM. */
  rollout: RolloutConfig.prefault({ kind: 'local' }),
});
export type TorchConfig = z.infer<typeof TorchConfig>;
