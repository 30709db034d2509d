import { z } from 'zod';
import type { ReferenceAlgorithm } from './algorithm.ts';
import { OptimizerConfig } from './optimizer-config.ts';

export const SftConfig = z.strictObject({
  /** Supervised fine-tuning on the samples' references. */
  kind: z.literal('sft'),
  /** Steps of the run, each with one update. */
  steps: z.int().min(0).default(40),
  /** Samples of a step, each with its reference. */
  samplesPerStep: z.int().min(1).max(1024).default(32),
  optimizer: OptimizerConfig.prefault({}),
});
export type SftConfig = z.infer<typeof SftConfig>;

/** Supervised fine-tuning on the samples' references: the baseline that VideoCap-R1 compares GRPO with. */
export const sft: ReferenceAlgorithm<SftConfig> = { config: SftConfig, loss: 'sft', learnsFrom: 'references' };
