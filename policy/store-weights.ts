import type { ArtifactRef } from '../core/artifact-ref.ts';
import { type ArtifactStore, sha256 } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { keyOf } from '../core/store-layout.ts';
import { type ModelFolder, openModelFolder } from './onnx/model/model-folder.ts';
import { readWeights } from './onnx/model/weights.ts';
import { readWeightsFile } from './onnx/model/weights-file.ts';

/** Puts a model folder's own weights into the store, under their hash; what was damaged of them there is mended. */
export async function storeWeights(store: ArtifactStore, folder: ModelFolder): Promise<ArtifactRef> {
  const bytes = await readWeightsFile(folder);
  readWeights(bytes, folder);
  return store.put(keyOf('startWeights', { hash: sha256(bytes) }), bytes);
}

/**
 * Mends the weights of the policy that a run started from, where the store has lost them: they are those of a model folder.
 * @throws VideocapError `CorruptArtifact` when that folder has others by now.
 */
export async function mendStartPolicy(store: ArtifactStore, { model, weights }: PolicyRef): Promise<void> {
  if (!(await store.firstDamaged(weights))) return;
  const { sha256: found } = await storeWeights(store, openModelFolder(model));
  if (found === weights.sha256) return;
  throw new VideocapError(
    'CorruptArtifact',
    `The start weights ${weights.uri} are damaged, and model ${model} has others by now, which hash to ${found}; restore one of them.`,
  );
}
