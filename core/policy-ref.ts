import { z } from 'zod';
import { ArtifactRef } from './artifact-ref.ts';

/**
 * A policy at one moment of its training: its folder's fixed files (tokenizer, config, graphs) by model name, its
 * weights and its optimiser state by reference. `weights.sha256` is what "the same checkpoint" means.
 *
 * Of a checkpoint that was not written, `weights` refers to its recipe (`contracts/recipe.ts`), whose digest means the
 * same, and `optimizer` is absent.
 */
export const PolicyRef = z.strictObject({
  /** Name of a shipped model (`tiny`) or a path to a model folder. */
  model: z.string(),
  /** Number of optimiser updates behind these weights. */
  step: z.int().nonnegative(),
  weights: ArtifactRef,
  /** Absent before the first update, and of a recipe. */
  optimizer: ArtifactRef.optional(),
});
export type PolicyRef = z.infer<typeof PolicyRef>;
