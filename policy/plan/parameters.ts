import type { Dimensions } from './dimensions.ts';

/** Parameters by group, as `transformers` builds the model. */
export interface Parameters {
  /** The decoder's layers, and the norm after them. */
  decoder: number;
  embeddings: number;
  /** The output layer; 0 where it is the embedding table. */
  head: number;
  vision: number;
  total: number;
}

export function countParameters(model: Dimensions): Parameters {
  const { layers, hidden, vocabulary, tied } = model;
  const decoder = layers * decoderLayer(model) + hidden;
  const embeddings = vocabulary * hidden;
  const head = tied ? 0 : embeddings;
  const vision = visionTower(model);
  return { decoder, embeddings, head, vision, total: decoder + embeddings + head + vision };
}

/** Parameters of adapters of a rank: two matrices at each of a decoder layer's seven linear layers. */
export function adapterParameters(model: Dimensions, rank: number): number {
  const { layers, hidden, intermediate } = model;
  const { queries, keys } = widths(model);
  const attention = hidden + queries + 2 * (hidden + keys) + queries + hidden;
  return rank * layers * (attention + 3 * (hidden + intermediate));
}

/** Parameters of one decoder layer. */
export function decoderLayer(model: Dimensions): number {
  const { family, hidden, intermediate, headDim } = model;
  const { queries, keys } = widths(model);
  const projections = 2 * hidden * queries + 2 * hidden * keys;
  // Qwen2 has biases where Qwen3 has norms of queries and keys.
  const own = family === 'qwen3_vl' ? 2 * headDim : queries + 2 * keys;
  return projections + own + 3 * hidden * intermediate + 2 * hidden;
}

function widths({ heads, keyHeads, headDim }: Dimensions) {
  return { queries: heads * headDim, keys: keyHeads * headDim };
}

function visionTower({ family, vision }: Dimensions): number {
  const { depth, width, intermediate, output, channels, patch, merge, pair, positions, deepstack } = vision;
  const linear = (from: number, to: number) => from * to + to;
  const layerNorm = (size: number) => 2 * size;
  // Qwen2.5-VL has norms without a bias, and a gated network.
  const norm = family === 'qwen2_5_vl' ? (size: number) => size : layerNorm;
  const network = linear(width, intermediate) + linear(intermediate, width);
  const gate = family === 'qwen2_5_vl' ? linear(width, intermediate) : 0;
  const block = 2 * norm(width) + linear(width, 3 * width) + linear(width, width) + network + gate;
  const merged = width * merge ** 2;
  const merger = (normed: number) => norm(normed) + linear(merged, merged) + linear(merged, output);
  const embedding = channels * pair * patch ** 2 * width + (family === 'qwen3_vl' ? width : 0);
  return embedding + positions * width + depth * block + merger(width) + deepstack * merger(merged);
}
