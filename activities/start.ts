import type { z } from 'zod';
import { progressAt, TO_START } from '../contracts/read-progress.ts';
import { Recipe } from '../contracts/recipe.ts';
import { machinesOf } from '../contracts/run-identity.ts';
import { FindStartInput, FindStartOutput } from '../contracts/start.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import { keyOf } from '../core/store-layout.ts';
import { parseRunCheckpoint, runCheckpoint } from '../policy/run-checkpoint.ts';
import { isRecipe } from './policy-files.ts';

/** Finds the checkpoint of another run that a run starts from. */
export function createStartActivities({ store }: { store: ArtifactStore }) {
  return {
    /**
     * Resolves `run:RUN` once and stores the result, so that its meaning stays when the other run continues. The
     * weights are put beside the start weights of shipped models, under their hash, since the other run may remove its
     * checkpoint; the optimiser's state stays behind. `loadPolicy` rebuilds a checkpoint that has a recipe.
     * @throws VideocapError `InvalidInput` when there is no such run, or no such step, with the steps that there are;
     * `CorruptArtifact`.
     */
    async findStart(rawInput: z.input<typeof FindStartInput>): Promise<z.infer<typeof FindStartOutput>> {
      const { runKey, model } = FindStartInput.parse(rawInput);
      return store.onceJson(keyOf('start', { runKey }), FindStartOutput, async () => {
        const checkpoint = parseRunCheckpoint(model);
        if (!checkpoint)
          throw new VideocapError('InvalidInput', `"${model}" names no checkpoint of a run; write run:RUN@STEP.`);
        const { run, progress } = await progressAt(store, checkpoint, TO_START);
        const { step, policy, identity } = progress;
        const { sha256 } = policy.weights;
        const recipe = isRecipe(policy) ? await store.readJson(policy.weights, Recipe) : undefined;
        const weights = recipe
          ? policy.weights
          : await store.putCopy(keyOf('startWeights', { hash: sha256 }), policy.weights);
        return {
          model: runCheckpoint({ run, step }),
          policy: { model: policy.model, step: 0, weights },
          trainedFrom: { run, step, weights: recipe?.digest ?? sha256 },
          ...(identity && { identity: machinesOf(identity) }),
        };
      });
    },
  };
}
