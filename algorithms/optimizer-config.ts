import { z } from 'zod';

/** The optimiser computes in 32 bits: a decay that is 1 there never forgets, and the step it makes has no bound. */
const Decay = z
  .number()
  .min(0)
  .lt(1)
  .refine((value) => value >= 1 || Math.fround(value) < 1, {
    error: 'set a number of at most 0.9999999: as a 32-bit number it is 1, and the moment never changes',
  });

/** In 32 bits too: one that is 0 there leaves a division by 0, one that is infinite leaves no step. */
const Epsilon = z
  .number()
  .positive()
  .refine((value) => value <= 0 || Math.fround(value) > 0, {
    error: 'set a number of at least 1e-44: as a 32-bit number it is 0, and the optimiser divides by it',
  })
  .refine((value) => Math.fround(value) < Number.POSITIVE_INFINITY, {
    error: 'set a number of at most 1e38: as a 32-bit number it is infinite, and no weight moves',
  });

/** AdamW with gradient clipping by norm and a learning-rate schedule over the algorithm's `steps`. */
export const OptimizerConfig = z.strictObject({
  /** At the end of the warm-up. */
  learningRate: z.number().positive().max(1).default(2e-5),
  /** The learning rate after the warm-up: constant, or falling so that it would be 0 one step after the last. */
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  /** Steps over which the learning rate rises linearly. */
  warmupSteps: z.int().nonnegative().default(0),
  /** Decay of AdamW's first moment. */
  beta1: Decay.default(0.9),
  /** Decay of AdamW's second moment. */
  beta2: Decay.default(0.99),
  /** Added to the root of the second moment. */
  epsilon: Epsilon.default(1e-8),
  /** Decoupled, as in AdamW. */
  weightDecay: z.number().nonnegative().default(0),
  /** Gradients are scaled down to this global norm. */
  maxGradNorm: z.number().positive().default(1),
  /**
   * What a run does after an update with a loss, a gradient, weights or another number that is not finite. The policy
   * stays as it was before that step. `pause`: wait for `resume`, which goes on without the update; `skip`: go on.
   */
  nonFinite: z.enum(['pause', 'skip']).default('pause'),
  /** With `nonFinite: skip`: so many updates of a run are skipped; it pauses at every further one. */
  maxSkips: z.int().min(1).default(3),
});
export type OptimizerConfig = z.infer<typeof OptimizerConfig>;
