import { rm } from 'node:fs/promises';
import type { z } from 'zod';
import type { AlgorithmSection } from '../algorithms/algorithm.ts';
import { refreshesReference } from '../algorithms/reference-refresh.ts';
import { UpdatePolicyInput, UpdatePolicyOutput } from '../contracts/policy.ts';
import type { Recipe } from '../contracts/recipe.ts';
import { unlessDamaged } from '../core/errors.ts';
import { type Keeping, oldCheckpoints } from '../core/old-checkpoints.ts';
import type { DigestedUpdate, UpdateResult } from '../core/policy-engine.ts';
import { keyOf } from '../core/store-layout.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { followingFilesOf, storeCheckpoint } from './following-files.ts';
import { PassedSteps } from './passed-steps.ts';
import { isRecipe, policyFiles, rootAfter, rootOf, updateRequest, withFiles } from './policy-files.ts';

type UpdateDeps = Pick<ActivityDeps, 'store' | 'engine' | 'onProgress' | 'signal'>;

type Input = z.infer<typeof UpdatePolicyInput>;

/** One optimiser step: a new checkpoint in the store, or the recipe of one, and its metrics. */
export function createUpdateActivities({ store, engine, onProgress, signal }: UpdateDeps) {
  const following = followingFilesOf(engine);
  const options = () => ({ onProgress, signal: signal?.() });

  /** The policy as it was, under the keys of the step: without optimiser state before the first update. */
  async function keepUnchanged(input: Input) {
    const { runKey, step, policy, algorithm } = input;
    const [model, state] = checkpointKeys(runKey, step);
    if (!isRecipe(policy)) {
      const { weights, optimizer } = policy;
      return {
        weights: await store.putCopy(model, weights),
        ...(optimizer && { optimizer: await store.putCopy(state, optimizer) }),
      };
    }
    // What others are compared with has files.
    if (refreshesReference(step, algorithm))
      return withFiles({ store, engine, options: options() }, policy, (files) =>
        storeCheckpoint(store, input, { weights: files.weights, optimizer: files.optimizer! }),
      );
    return { weights: await store.putCopy(keyOf('recipe', { runKey, step }), policy.weights) };
  }

  /** @param folder of the update: that of files that follow is taken over. */
  async function keep(input: Input, result: UpdateResult | DigestedUpdate, folder: string) {
    if (!('digest' in result)) return storeCheckpoint(store, input, result);
    const { keepEvery: _, keep: __, ...update } = input;
    const { digest, files } = result;
    const recipe: Recipe = { update, digest, ...(files && { filesFollow: true }) };
    const weights = await store.putJson(keyOf('recipe', input), recipe);
    if (!files) return { weights };
    // Files that were stored before are damaged: this step is being made again for their sake.
    if (await store.standIns(weights)) await storeCheckpoint(store, input, await files);
    else await following.expect(weights, files, folder);
    return { weights };
  }

  async function makeStep(asked: Input): Promise<z.infer<typeof UpdatePolicyOutput>> {
    const started = performance.now();
    const folder = await store.storage.scratch();
    let follows = false;
    try {
      const policy = await following.restored({ store, engine, options: options() }, asked.policy);
      const request = {
        ...(await updateRequest({ store, engine }, asked)),
        policy: await policyFiles({ store, engine }, policy),
        folder,
      };
      const result = await engine.update(request, options());
      const input = { ...asked, policy: await following.stored(store, policy) };
      const kept = 'notFinite' in result ? await keepUnchanged(input) : await keep(input, result, folder);
      follows = following.has(kept.weights);
      return {
        policy: { model: input.policy.model, step: input.step, ...kept },
        ...('notFinite' in result
          ? { metrics: { updates: 0 }, notFinite: result.notFinite }
          : { metrics: result.metrics }),
        computedWith: await engine.identity(input.policy.model, input.engine),
        seconds: (performance.now() - started) / 1000,
      };
    } finally {
      if (!follows) await rm(folder, { recursive: true, force: true });
    }
  }

  async function removeOld(input: Input): Promise<void> {
    const { runKey, step, policy } = input;
    // Where a recipe is gone, a run that was reset has come by again: what it needs no longer was removed before.
    const previous = await unlessDamaged(rootAfter(store, runKey, step - 2));
    const last = await unlessDamaged(rootOf(store, policy));
    if (previous === undefined || last === undefined) return;
    for (const old of oldCheckpoints(step, keepingOf(input), { previous, last })) {
      const [model, state] = checkpointKeys(runKey, old.step);
      if (old.weights) await store.remove(model);
      await store.remove(state);
      for (const recipe of [old.step, ...old.recipes]) await store.remove(keyOf('recipe', { runKey, step: recipe }));
    }
  }

  const passed = new PassedSteps(store);
  return {
    /**
     * Moves the policy by one step. The checkpoint's files come first and the record of the step last, so a step either
     * exists whole or is made again, with the same bytes; so is a checkpoint that was damaged since.
     *
     * An update with a number that is not finite is recorded too: its checkpoint is that of the step before, again.
     *
     * A run that a user reset to an earlier event comes by steps whose checkpoints were removed since. They are not
     * made again where a later one is whole.
     */
    async updatePolicy(rawInput: z.input<typeof UpdatePolicyInput>): Promise<z.infer<typeof UpdatePolicyOutput>> {
      const input = UpdatePolicyInput.parse(rawInput);
      const { runKey, step } = input;
      const made = await passed.output(runKey, step);
      if (made) return made;
      const output = await store.onceJson(keyOf('update', { runKey, step }), UpdatePolicyOutput, () => makeStep(input));
      await removeOld(input);
      return output;
    },
  };
}

function keepingOf({ keepEvery, keep = [], reference, algorithm }: Input): Keeping {
  const { refreshReferenceEvery = 0 }: AlgorithmSection = algorithm;
  return { keepEvery, keep, refreshReferenceEvery, referenceStep: reference.step };
}

function checkpointKeys(runKey: string, step: number): [weights: string, optimizer: string] {
  return [keyOf('checkpointWeights', { runKey, step }), keyOf('checkpointOptimizer', { runKey, step })];
}
