import * as ort from 'onnxruntime-node';
import type { SampledGroup } from '../../../core/policy-engine.ts';
import type { Feeds } from '../model/feeds.ts';
import type { FloatTensors } from '../model/safetensors.ts';
import type { GenerateOptions } from '../sampling/generate.ts';

/** What a lane is started with. */
export interface LaneData {
  /** As the config names it. */
  model: string;
  threads: number;
}

/** Weights by a number; their tensors come with the first call that needs them, and are then kept. */
export interface LaneWeights {
  id: number;
  tensors?: FloatTensors;
}

/** How many weights a lane keeps, those used last: of the policy, the new one and the reference. */
export const KEPT_BY_LANE = 3;

/** A tensor as messages carry it. */
export type PlainTensors = Record<string, Pick<ort.Tensor, 'type' | 'data' | 'dims'>>;

/** What a lane's thread serves. */
export interface LaneApi {
  generate(request: { weights: LaneWeights; options: GenerateOptions }): SampledGroup[];
  run(request: { graph: string; weights: LaneWeights; feeds: PlainTensors }): PlainTensors;
}

export function plain(tensors: Readonly<Record<string, ort.Tensor>>): PlainTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { type, data, dims }]) => [name, { type, data, dims }]),
  );
}

export function tensorsOf(plainTensors: PlainTensors): Feeds {
  return Object.fromEntries(
    Object.entries(plainTensors).map(([name, { type, data, dims }]) => [
      name,
      new ort.Tensor(type as 'float32', data as Float32Array, dims),
    ]),
  );
}
