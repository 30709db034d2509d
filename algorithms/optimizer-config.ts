import { z } from 'zod';
import { float32 } from './float32.ts';

/** A decay that is 1 in 32 bits never forgets, and the step that the optimiser makes has no bound. */
const Decay = float32(z.number().min(0).lt(1)).refine((value) => value >= 1 || Math.fround(value) < 1, {
  error: 'set a number of at most 0.9999999: as a 32-bit number it is 1, and the moment never changes',
});

/** AdamW with gradient clipping by norm and a learning-rate schedule over the algorithm's `steps`. */
export const OptimizerConfig = z.strictObject({
  /** At the end of the warm-up. */
  learningRate: float32(z.number().positive().max(1)).default(2e-5),
  /** The learning rate after the warm-up: constant, or falling so that it would be 0 one step after the last. */
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  /** Steps over which the learning rate rises linearly. */
  warmupSteps: z.int().nonnegative().default(0),
  /** Decay of AdamW's first moment. */
  beta1: Decay.default(0.9),
  /** Decay of AdamW's second moment. */
  beta2: Decay.default(0.99),
  /** Added to the root of the second moment. */
  epsilon: float32(z.number().positive()).default(1e-8),
  /** Decoupled, as in AdamW. */
  weightDecay: float32(z.number().nonnegative()).default(0),
  /** Gradients are scaled down to this global norm. */
  maxGradNorm: float32(z.number().positive()).default(1),
  /**
   * What a run does after an update with a loss, a gradient, weights or another number that is not finite. The policy
   * stays as it was before that step. `pause`: wait for `resume`, which goes on without the update; `skip`: go on.
   */
  nonFinite: z.enum(['pause', 'skip']).default('pause'),
  /** With `nonFinite: skip`: so many updates of a run are skipped; it pauses at every further one. */
  maxSkips: z.int().min(1).default(3),
});
export type OptimizerConfig = z.infer<typeof OptimizerConfig>;
