import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import type { PolicyEngine } from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { keyOf } from '../core/store-layout.ts';
import type { CallOptions } from '../core/thread-calls.ts';
import { parseRunCheckpoint, type RunCheckpoint } from './run-checkpoint.ts';

/**
 * Puts a model's own weights into the store, under their hash, so that all its runs share them; damaged ones are
 * replaced.
 */
export async function storeStartPolicy(
  store: ArtifactStore,
  engine: PolicyEngine,
  model: string,
  options?: CallOptions,
): Promise<PolicyRef> {
  const policy = await engine.startPolicy(model, options);
  const weights = await store.putFile(keyOf('startWeights', { hash: policy.weights.sha256 }), policy.weights);
  return { model: policy.model, step: 0, weights };
}

/**
 * The policy that a run started from. Weights that the store has lost are restored from where they came from.
 * @param from `policy.model` of the config: the model, or another run's checkpoint.
 * @throws VideocapError `CorruptArtifact` when that has others by now.
 */
export async function restoreStartPolicy(
  store: ArtifactStore,
  engine: PolicyEngine,
  reference: PolicyRef,
  from: string,
  options?: CallOptions,
): Promise<PolicyRef> {
  const { model, weights } = reference;
  if (!(await store.firstDamaged(weights))) return reference;
  const checkpoint = parseRunCheckpoint(from);
  if (checkpoint) return restoreFromRun(store, reference, checkpoint);
  const restored = await storeStartPolicy(store, engine, model, options);
  const { sha256: found } = restored.weights;
  if (found === weights.sha256) return restored;
  throw new VideocapError(
    'CorruptArtifact',
    `The start weights ${weights.uri} are damaged, and model ${model} has others by now, which hash to ${found}; ` +
      'restore one of them.',
  );
}

async function restoreFromRun(
  store: ArtifactStore,
  reference: PolicyRef,
  { run, step = 0 }: RunCheckpoint,
): Promise<PolicyRef> {
  const { sha256: hash, uri } = reference.weights;
  const checkpoint = await store.find(keyOf('checkpointWeights', { runKey: run, step }));
  if (checkpoint?.sha256 !== hash || (await store.firstDamaged(checkpoint)))
    throw new VideocapError(
      'CorruptArtifact',
      `The start weights ${uri} are damaged, and so is the checkpoint of run ${run} at step ${step}, or it is gone; ` +
        'restore one of them.',
    );
  return { ...reference, weights: await store.putCopy(keyOf('startWeights', { hash }), checkpoint) };
}
