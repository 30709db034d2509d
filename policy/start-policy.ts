import { readFile } from 'node:fs/promises';
import { type ArtifactStore, sha256 } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import type { PolicyEngine } from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { keyOf } from '../core/store-layout.ts';

/** Puts a model's own weights into the store, under their hash, so that all its runs share them; damaged ones are replaced. */
export async function storeStartPolicy(store: ArtifactStore, engine: PolicyEngine, model: string): Promise<PolicyRef> {
  const policy = await engine.startPolicy(model);
  const bytes = await readFile(policy.weights.path);
  const weights = await store.put(keyOf('startWeights', { hash: sha256(bytes) }), bytes);
  if (weights.sha256 !== policy.weights.sha256)
    throw new VideocapError('Unavailable', `${policy.weights.path} changed while it was read.`);
  return { model: policy.model, step: 0, weights };
}

/**
 * The policy that a run started from. Weights that the store has lost are restored from the model that had them.
 * @throws VideocapError `CorruptArtifact` when that folder has others by now.
 */
export async function restoreStartPolicy(
  store: ArtifactStore,
  engine: PolicyEngine,
  reference: PolicyRef,
): Promise<PolicyRef> {
  const { model, weights } = reference;
  if (!(await store.firstDamaged(weights))) return reference;
  const restored = await storeStartPolicy(store, engine, model);
  const { sha256: found } = restored.weights;
  if (found === weights.sha256) return restored;
  throw new VideocapError(
    'CorruptArtifact',
    `The start weights ${weights.uri} are damaged, and model ${model} has others by now, which hash to ${found}; restore one of them.`,
  );
}
