import { readFile } from 'node:fs/promises';
import { type ArtifactStore, sha256 } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import type { PolicyEngine } from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { keyOf } from '../core/store-layout.ts';

/** Puts a model's own weights into the store, under their hash, so that all its runs share them; damaged ones are replaced. */
export async function storeStartPolicy(
  store: ArtifactStore,
  engine: PolicyEngine,
  model: string,
): Promise<{ policy: PolicyRef; parameters: number }> {
  const { policy, parameters } = await engine.startPolicy(model);
  const bytes = await readFile(policy.weights.path);
  const weights = await store.put(keyOf('startWeights', { hash: sha256(bytes) }), bytes);
  if (weights.sha256 !== policy.weights.sha256)
    throw new VideocapError('Unavailable', `${policy.weights.path} changed while it was read.`);
  return { policy: { model: policy.model, step: 0, weights }, parameters };
}

/**
 * Restores the weights of the policy that a run started from, where the store has lost them: they are those of a model folder.
 * @throws VideocapError `CorruptArtifact` when that folder has others by now.
 */
export async function restoreStartPolicy(
  store: ArtifactStore,
  engine: PolicyEngine,
  { model, weights }: PolicyRef,
): Promise<void> {
  if (!(await store.firstDamaged(weights))) return;
  const { sha256: found } = (await storeStartPolicy(store, engine, model)).policy.weights;
  if (found === weights.sha256) return;
  throw new VideocapError(
    'CorruptArtifact',
    `The start weights ${weights.uri} are damaged, and model ${model} has others by now, which hash to ${found}; restore one of them.`,
  );
}
