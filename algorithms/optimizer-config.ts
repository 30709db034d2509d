import { z } from 'zod';

/** AdamW with gradient clipping by norm and a learning-rate schedule over the algorithm's `steps`. */
export const OptimizerConfig = z.strictObject({
  learningRate: z.number().positive().max(1).default(2e-5),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  warmupSteps: z.int().nonnegative().default(0),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.99),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().nonnegative().default(0),
  maxGradNorm: z.number().positive().default(1),
});
export type OptimizerConfig = z.infer<typeof OptimizerConfig>;
