import type { Checkpoint } from '../../../core/policy-engine.ts';
import { sha256 } from '../../../core/sha256.ts';
import { type FloatTensors, writeSafetensors } from '../model/safetensors.ts';
import type { OptimizerState } from '../model/weights.ts';

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
