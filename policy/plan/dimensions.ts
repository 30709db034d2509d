import { z } from 'zod';
import { VideocapError } from '../../core/errors.ts';

/** The sizes of a model that decide how many parameters it has, and what a step takes. */
export interface Dimensions {
  family: 'qwen2_vl' | 'qwen2_5_vl' | 'qwen3_vl';
  layers: number;
  hidden: number;
  intermediate: number;
  heads: number;
  keyHeads: number;
  headDim: number;
  vocabulary: number;
  /** Whether the output layer is the embedding table. */
  tied: boolean;
  vision: {
    depth: number;
    width: number;
    heads: number;
    intermediate: number;
    /** Of a token that the decoder is given. */
    output: number;
    channels: number;
    patch: number;
    merge: number;
    /** Frames that make one slice. */
    pair: number;
    /** Of Qwen3-VL: learnt positions, and blocks whose output enters the decoder's first layers. */
    positions: number;
    deepstack: number;
  };
}

const size = z
  .int()
  .positive()
  .max(2 ** 22);
const Text = z.object({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.optional(),
  head_dim: size.optional(),
  tie_word_embeddings: z.boolean().optional(),
});
/** `embed_dim` and `mlp_ratio` are Qwen2-VL's names; defaults are those of `transformers`. */
const Vision = z.object({
  depth: size.default(32),
  embed_dim: size.default(1280),
  mlp_ratio: z.number().positive().default(4),
  hidden_size: size.optional(),
  intermediate_size: size.optional(),
  out_hidden_size: size.optional(),
  num_heads: size.default(16),
  in_channels: size.default(3),
  patch_size: size.optional(),
  spatial_merge_size: size.default(2),
  temporal_patch_size: size.default(2),
  num_position_embeddings: size.default(2304),
  deepstack_visual_indexes: z.array(z.int()).default([8, 16, 24]),
});
const Config = z.object({
  model_type: z.enum(['qwen2_vl', 'qwen2_5_vl', 'qwen3_vl']),
  tie_word_embeddings: z.boolean().optional(),
  text_config: z.unknown().optional(),
  vision_config: Vision,
});

/**
 * Reads a `config.json` in both forms that `transformers` has written: with `text_config`, and flat.
 * @throws VideocapError `InvalidModel` naming the field that is missing or wrong.
 */
export function readDimensions(raw: unknown, name: string): Dimensions {
  const config = parsed(Config, raw, name);
  const text = parsed(Text, config.text_config ?? raw, name);
  const { vision_config: vision, model_type: family } = config;
  const width = family === 'qwen2_vl' ? vision.embed_dim : (vision.hidden_size ?? vision.embed_dim);
  return {
    family,
    layers: text.num_hidden_layers,
    hidden: text.hidden_size,
    intermediate: text.intermediate_size,
    heads: text.num_attention_heads,
    keyHeads: text.num_key_value_heads ?? text.num_attention_heads,
    headDim: text.head_dim ?? text.hidden_size / text.num_attention_heads,
    vocabulary: text.vocab_size,
    tied: config.tie_word_embeddings ?? text.tie_word_embeddings ?? false,
    vision: {
      depth: vision.depth,
      width,
      heads: vision.num_heads,
      intermediate: family === 'qwen2_vl' ? width * vision.mlp_ratio : (vision.intermediate_size ?? width * 4),
      output: (family === 'qwen2_vl' ? vision.hidden_size : vision.out_hidden_size) ?? text.hidden_size,
      channels: vision.in_channels,
      patch: vision.patch_size ?? (family === 'qwen3_vl' ? 16 : 14),
      merge: vision.spatial_merge_size,
      pair: vision.temporal_patch_size,
      positions: family === 'qwen3_vl' ? vision.num_position_embeddings : 0,
      deepstack: family === 'qwen3_vl' ? vision.deepstack_visual_indexes.length : 0,
    },
  };
}

function parsed<T>(schema: z.ZodType<T>, raw: unknown, name: string): T {
  const { data, error } = schema.safeParse(raw);
  if (data !== undefined) return data;
  const { path, message } = error!.issues[0]!;
  const field = path.join('.') || 'config.json';
  throw new VideocapError(
    'InvalidModel',
    `Model "${name}" cannot be planned: ${field} of its config.json is not usable (${message}); use a Qwen2-VL, ` +
      'Qwen2.5-VL or Qwen3-VL with the config.json that it was published with.',
  );
}
