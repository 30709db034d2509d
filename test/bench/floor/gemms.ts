import type { ModelConfig } from '../../../policy/onnx/model/model-config.ts';

/** `count` products of `batch` pairs of matrices: [m, k] x [k, n]. */
export interface Gemm {
  batch: number;
  m: number;
  k: number;
  n: number;
  count: number;
}

/** What a step computes: groups of completions to prompts with a clip. */
export interface StepSizes {
  clips: number;
  group: number;
  /** Of each completion. */
  tokens: number;
  /** Positions of a prompt, its video among them. */
  prompt: number;
  /** Of a clip's frames: temporal slices, and patches of each. */
  slices: number;
  patches: number;
}

/** Red, green and blue. */
const CHANNELS = 3;

type Sizes = Pick<ModelConfig, 'text_config' | 'vision_config'>;

/** Sampling: every prompt with its clip once, then a token of every completion at a time, with a cache. */
export function samplingGemms(config: Sizes, sizes: StepSizes): Gemm[] {
  const { clips, group, tokens, prompt } = sizes;
  const decoding = tokens - 1; // the first token comes from the prompt's logits
  const each = [...decoder(config, clips * group), ...head(config, clips * group)];
  const { text_config: text } = config;
  const [heads, length] = [text.num_attention_heads, headDim(text)];
  const queries = heads / text.num_key_value_heads;
  // A group's completions see one prompt; each has its own tokens, of which half are there on average.
  const toPrompt = attention(clips * text.num_key_value_heads, group * queries, prompt, length);
  const toOwn = attention(clips * group * text.num_key_value_heads, queries, Math.ceil(tokens / 2), length);
  const perToken = [...each, ...times([...toPrompt, ...toOwn], text.num_hidden_layers)];
  return [...promptGemms(config, sizes), ...head(config, clips), ...times(perToken, decoding)];
}

/** One pass over prompts and completions, with logits of the completions alone. */
export function scoringGemms(config: Sizes, sizes: StepSizes): Gemm[] {
  const { clips, group, tokens, prompt } = sizes;
  const { text_config: text } = config;
  const queries = text.num_attention_heads / text.num_key_value_heads;
  const toPrompt = attention(clips * text.num_key_value_heads, group * tokens * queries, prompt, headDim(text));
  const toOwn = attention(clips * group * text.num_key_value_heads, tokens * queries, tokens, headDim(text));
  return [
    ...promptGemms(config, sizes),
    ...decoder(config, clips * group * tokens),
    ...times([...toPrompt, ...toOwn], text.num_hidden_layers),
    ...head(config, clips * group * tokens),
  ];
}

/** A pass and its gradients: of every product two more, one for each factor. */
export function gradientGemms(config: Sizes, sizes: StepSizes): Gemm[] {
  return scoringGemms(config, sizes).flatMap((gemm) => {
    const { m, k, n } = gemm;
    return [gemm, { ...gemm, k: n, n: k }, { ...gemm, m: k, k: m }];
  });
}

/** Floating-point operations. */
export function operations(gemms: readonly Gemm[]): number {
  return gemms.reduce((sum, { batch, m, k, n, count }) => sum + 2 * batch * m * k * n * count, 0);
}

function promptGemms(config: Sizes, { clips, prompt, slices, patches }: StepSizes): Gemm[] {
  const { text_config: text } = config;
  const queries = text.num_attention_heads / text.num_key_value_heads;
  const own = attention(clips * text.num_key_value_heads, prompt * queries, prompt, headDim(text));
  return [
    ...vision(config, clips * slices, patches),
    ...decoder(config, clips * prompt),
    ...times(own, text.num_hidden_layers),
  ];
}

function decoder({ text_config: text }: Sizes, rows: number): Gemm[] {
  const { hidden_size: hidden, intermediate_size: wide } = text;
  const keys = text.num_key_value_heads * headDim(text);
  const layer = [
    // Queries and output, keys and values, gate and up, down.
    linear(rows, hidden, hidden, 2),
    linear(rows, hidden, keys, 2),
    linear(rows, hidden, wide, 2),
    linear(rows, wide, hidden, 1),
  ];
  return times(layer, text.num_hidden_layers);
}

function head({ text_config: text }: Sizes, rows: number): Gemm[] {
  return [linear(rows, text.hidden_size, text.vocab_size, 1)];
}

/** `slices` of a clip attend to themselves alone. */
function vision({ vision_config: sight, text_config: text }: Sizes, slices: number, patches: number): Gemm[] {
  const { embed_dim: wide, depth, num_heads: heads, mlp_ratio: ratio } = sight;
  const rows = slices * patches;
  const merged = wide * sight.spatial_merge_size ** 2;
  const values = CHANNELS * sight.temporal_patch_size * sight.patch_size ** 2;
  const block = [
    linear(rows, wide, 3 * wide, 1),
    linear(rows, wide, wide, 1),
    linear(rows, wide, ratio * wide, 1),
    linear(rows, ratio * wide, wide, 1),
    ...attention(slices * heads, patches, patches, wide / heads),
  ];
  return [
    linear(rows, values, wide, 1),
    ...times(block, depth),
    linear(rows / sight.spatial_merge_size ** 2, merged, merged, 1),
    linear(rows / sight.spatial_merge_size ** 2, merged, text.hidden_size, 1),
  ];
}

/** Scores, and what they weigh. */
function attention(batch: number, queries: number, keys: number, length: number): Gemm[] {
  return [
    { batch, m: queries, k: length, n: keys, count: 1 },
    { batch, m: queries, k: keys, n: length, count: 1 },
  ];
}

function linear(m: number, k: number, n: number, count: number): Gemm {
  return { batch: 1, m, k, n, count };
}

function times(gemms: readonly Gemm[], count: number): Gemm[] {
  return gemms.map((gemm) => ({ ...gemm, count: gemm.count * count }));
}

function headDim(text: Sizes['text_config']): number {
  return text.hidden_size / text.num_attention_heads;
}
