import { z } from 'zod';

/** What every graph computes; a model that computes something else would give wrong numbers without an error. */
export const only = <T extends z.util.Literal>(value: T, why: string) =>
  z.literal(value, { error: ({ input }) => `is ${JSON.stringify(input)}; ${why}` }).default(value as never);

/** Far above every model that a worker could compute: what is larger would only ask for memory. */
const size = (most = 2 ** 20) => z.int().positive().max(most);
const ROPE_THETA = z.number().positive();
const TextConfig = z
  .object({
    vocab_size: size(),
    hidden_size: size(),
    intermediate_size: size(),
    num_hidden_layers: size(1000),
    num_attention_heads: size(1000),
    num_key_value_heads: size(1000),
    rms_norm_eps: z.number().positive(),
    hidden_act: only('silu', 'the graphs compute silu'),
    use_sliding_window: only(false, 'the graphs let every token see all before it'),
    rope_parameters: z.object({
      rope_type: only('default', 'the graphs take positions unscaled'),
      rope_theta: ROPE_THETA,
      mrope_section: z.tuple([size(1000), size(1000), size(1000)]),
    }),
  })
  .superRefine(({ hidden_size, num_attention_heads, num_key_value_heads, rope_parameters: { mrope_section } }, ctx) => {
    const half = hidden_size / num_attention_heads / 2;
    const turned = mrope_section.reduce((sum, part) => sum + part, 0);
    requireThat(ctx, num_attention_heads % num_key_value_heads === 0, {
      path: ['num_key_value_heads'],
      message: `is ${num_key_value_heads}, which does not divide the ${num_attention_heads} heads`,
    });
    requireThat(ctx, turned === half, {
      path: ['rope_parameters', 'mrope_section'],
      message: `is [${mrope_section}], which does not add up to half a head's ${hidden_size}/${num_attention_heads}`,
    });
  });
const VisionConfig = z
  .object({
    depth: size(1000),
    embed_dim: size(),
    num_heads: size(1000),
    mlp_ratio: z.number().positive().max(1000),
    patch_size: size(1000),
    spatial_merge_size: size(100),
    temporal_patch_size: size(100),
    hidden_act: only('quick_gelu', 'the graphs compute quick_gelu'),
    rope_parameters: z
      .object({ rope_theta: only(10_000, 'the graphs turn patches with a base of 10000') })
      .default({ rope_theta: 10_000 }),
  })
  .superRefine(({ embed_dim, num_heads }, ctx) =>
    requireThat(ctx, (embed_dim / num_heads) % 4 === 0, {
      path: ['num_heads'],
      message: `is ${num_heads}, which gives each head ${embed_dim}/${num_heads} numbers, no multiple of 4`,
    }),
  );

function requireThat(ctx: z.RefinementCtx, holds: boolean, { path, message }: { path: string[]; message: string }) {
  if (!holds) ctx.addIssue({ code: 'custom', path, message });
}

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
  } as Json;
  // Published models call it `mrope`, the sections of which say the same.
  const type = rope.rope_type ?? rope.type;
  const rope_type = type === 'mrope' ? 'default' : type;
  const { model_type, vision_config } = raw;
  // The published Qwen2-VL-2B says nothing of ties at the top, its text config does.
  const tie_word_embeddings = raw.tie_word_embeddings ?? text.tie_word_embeddings;
  return {
    ...{ model_type, vision_config, text_config: { ...text, rope_parameters: { ...rope, rope_type } } },
    ...(tie_word_embeddings !== undefined && { tie_word_embeddings }),
  };
}
