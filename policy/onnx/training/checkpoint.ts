import { sha256 } from '../../../core/artifact-store.ts';
import { type FloatTensors, writeSafetensors } from '../model/safetensors.ts';
import type { OptimizerState } from '../model/weights.ts';

/** A policy after an update, as files: equal weights and moments give equal bytes. */
export interface Checkpoint {
  /** `model.safetensors`, which `transformers` opens. */
  weights: Uint8Array<ArrayBuffer>;
  /** `optimizer.safetensors`: AdamW's moments as `m.<parameter>` and `v.<parameter>`, and the count of updates. */
  optimizer: Uint8Array<ArrayBuffer>;
  /** sha256 of each, by which they are recognised when they are asked for again. */
  weightsSha256: string;
  optimizerSha256: string;
}

export function writeCheckpoint(weights: FloatTensors, state: OptimizerState): Checkpoint {
  const moments: FloatTensors = new Map([...prefixed(state.first, 'm.'), ...prefixed(state.second, 'v.')]);
  const files = {
    weights: writeSafetensors(weights),
    optimizer: writeSafetensors(moments, { updates: String(state.updates) }),
  };
  return { ...files, weightsSha256: sha256(files.weights), optimizerSha256: sha256(files.optimizer) };
}

function prefixed(tensors: FloatTensors, prefix: string): FloatTensors {
  return new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
}
