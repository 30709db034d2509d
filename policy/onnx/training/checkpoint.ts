import type { Checkpoint, NewFile } from '../../../core/policy-engine.ts';
import { sha256 } from '../../../core/sha256.ts';
import { type FloatTensors, writeSafetensors } from '../model/safetensors.ts';
import type { OptimizerState } from '../model/weights.ts';

/** A file of a checkpoint: models of this engine are small. */
export type InMemory = Extract<NewFile, { bytes: unknown }>;

export function writeCheckpoint(weights: FloatTensors, state: OptimizerState): Checkpoint<InMemory> {
  const moments: FloatTensors = new Map([...prefixed(state.first, 'm.'), ...prefixed(state.second, 'v.')]);
  return {
    weights: hashed(writeSafetensors(weights)),
    optimizer: hashed(writeSafetensors(moments, { updates: String(state.updates) })),
  };
}

function hashed(bytes: InMemory['bytes']): InMemory {
  return { bytes, sha256: sha256(bytes) };
}

function prefixed(tensors: FloatTensors, prefix: string): FloatTensors {
  return new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
}
