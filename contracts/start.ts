import { z } from 'zod';
import { PolicyRef } from '../core/policy-ref.ts';
import { RunIdentity } from './run-identity.ts';

/** The checkpoint of another run that a run started from. */
export const TrainedFrom = z.strictObject({
  /** That run's key in the store. */
  run: z.string().min(1),
  step: z.int().nonnegative(),
  /** The sha256 of the weights; of a checkpoint with a recipe, its digest of weights and moments. */
  weights: z.string(),
});
export type TrainedFrom = z.infer<typeof TrainedFrom>;

export const FindStartInput = z.strictObject({
  runKey: z.string().min(1),
  /** `policy.model` of the config: `run:RUN@STEP` or `run:RUN`. */
  model: z.string(),
});
export const FindStartOutput = z.strictObject({
  /** The same with the key and the step that were found: `run:RUN@STEP`. */
  model: z.string(),
  /** The policy to start from, as step 0 of the new run. */
  policy: PolicyRef,
  trainedFrom: TrainedFrom,
  /** What the other run was computed with at that step: a change since then is this run's to say. */
  identity: RunIdentity.optional(),
});

/** `step 40 of quickstart-1-0a1b2c3d (weights 0123456789ab)`, for people. */
export function parentage({ run, step, weights }: TrainedFrom): string {
  return `step ${step} of ${run} (weights ${weights.slice(0, 12)})`;
}
