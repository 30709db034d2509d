import { z } from 'zod';

/** What every graph computes; a model that computes something else would give wrong numbers without an error. */
const only = <T extends z.util.Literal>(value: T, why: string) =>
  z.literal(value, { error: ({ input }) => `is ${JSON.stringify(input)}; ${why}` }).default(value as never);

const ROPE_THETA = z.number();
const TextConfig = z.object({
  vocab_size: z.int(),
  hidden_size: z.int(),
  intermediate_size: z.int(),
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  num_key_value_heads: z.int(),
  rms_norm_eps: z.number(),
  hidden_act: only('silu', 'the graphs compute silu'),
  use_sliding_window: only(false, 'the graphs let every token see all before it'),
  rope_parameters: z.object({ rope_theta: ROPE_THETA, mrope_section: z.tuple([z.int(), z.int(), z.int()]) }),
});
const VisionConfig = z.object({
  depth: z.int(),
  embed_dim: z.int(),
  num_heads: z.int(),
  mlp_ratio: z.number(),
  patch_size: z.int(),
  spatial_merge_size: z.int(),
  temporal_patch_size: z.int(),
  hidden_act: only('quick_gelu', 'the graphs compute quick_gelu'),
  rope_parameters: z
    .object({ rope_theta: only(10_000, 'the graphs turn patches with a base of 10000') })
    .default({ rope_theta: 10_000 }),
});

/**
 * The part of a Qwen2-VL `config.json` that decides which graphs fit it and how they are fed: everything that changes
 * what the model computes, and nothing else. Reads both forms that `transformers` has written: with `text_config`, and
 * the flat one of the published models.
 */
export const ModelConfig = z.preprocess(
  nested,
  z.object({
    model_type: z.literal('qwen2_vl'),
    tie_word_embeddings: only(
      true,
      'the graphs take the embeddings as the output layer: train a model that has them tied, or use another engine',
    ),
    text_config: TextConfig,
    vision_config: VisionConfig,
  }),
);
export type ModelConfig = z.infer<typeof ModelConfig>;

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A flat config with its text model's fields where the other form has them. */
function nested(raw: unknown): unknown {
  if (!isObject(raw)) return raw;
  const text = isObject(raw.text_config) ? raw.text_config : raw;
  const { rope_theta, rope_scaling, rope_parameters } = text;
  const rope = {
    ...(isObject(rope_scaling) && rope_scaling),
    ...(rope_theta !== undefined && { rope_theta }),
    ...(isObject(rope_parameters) && rope_parameters),
  };
  const { model_type, vision_config } = raw;
  // The published Qwen2-VL-2B says nothing of ties at the top, its text config does.
  const tie_word_embeddings = raw.tie_word_embeddings ?? text.tie_word_embeddings;
  return {
    ...{ model_type, vision_config, text_config: { ...text, rope_parameters: rope } },
    ...(tie_word_embeddings !== undefined && { tie_word_embeddings }),
  };
}
