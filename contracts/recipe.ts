import { z } from 'zod';
import { UpdatePolicyInput } from './policy.ts';

/**
 * How to make a checkpoint again that was not written: the update that led to it, with the policy before it, which may
 * have a recipe too, and references to the rollouts with their rewards that it learnt from. Made again, it ends in the
 * same digest, and asks neither for a rollout nor for a verdict.
 */
export const Recipe = z.strictObject({
  update: UpdatePolicyInput.omit({ keepEvery: true, keep: true }),
  /** Of the weights and moments that the update ended in, as the engine hashes them. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /**
   * Whether its files are stored too, once they are written: they are there when the next step is made, and stand for
   * this recipe from then on.
   */
  filesFollow: z.literal(true).optional(),
});
export type Recipe = z.infer<typeof Recipe>;
