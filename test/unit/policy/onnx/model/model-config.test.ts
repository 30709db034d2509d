import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ModelConfig } from '../../../../../policy/onnx/model/model-config.ts';
import { openModelFolder } from '../../../../../policy/onnx/model/model-folder.ts';

const tiny = JSON.parse(readFileSync(`${openModelFolder('tiny').path}/config.json`, 'utf8'));

/** The tiny model's config in the form in which `Qwen/Qwen2-VL-2B-Instruct` is published. */
const { rope_parameters, ...text } = tiny.text_config;
const flat = {
  architectures: tiny.architectures,
  ...text,
  model_type: 'qwen2_vl',
  rope_theta: rope_parameters.rope_theta,
  rope_scaling: { type: 'mrope', mrope_section: rope_parameters.mrope_section },
  vision_config: { ...tiny.vision_config, in_chans: 3, spatial_patch_size: 14, rope_parameters: undefined },
};

test('the flat form of the published models says the same as the nested one', () => {
  expect(ModelConfig.parse(flat)).toEqual(ModelConfig.parse(tiny));
});

test.each([
  [
    'tie_word_embeddings',
    { tie_word_embeddings: false },
    'is false; the graphs take the embeddings as the output layer',
  ],
  ['text_config.hidden_act', { hidden_act: 'gelu' }, 'is "gelu"; the graphs compute silu'],
  ['text_config.use_sliding_window', { use_sliding_window: true }, 'is true; the graphs let every token see all'],
])('refuses another %s', (path, change, message) => {
  const own = Object.keys(change)[0]!;
  const nested = path.startsWith('text_config')
    ? { ...tiny, text_config: { ...tiny.text_config, ...change } }
    : { ...tiny, ...change };
  for (const config of [nested, { ...flat, ...change }]) {
    const [issue] = ModelConfig.safeParse(config).error!.issues;
    expect([issue!.path.join('.'), issue!.message]).toEqual([path, expect.stringContaining(message)]);
    expect(path).toContain(own);
  }
});

test.each([
  ['hidden_act', { hidden_act: 'gelu' }, 'vision_config.hidden_act'],
  ['rope_theta', { rope_parameters: { rope_theta: 500 } }, 'vision_config.rope_parameters.rope_theta'],
])('refuses another %s of the vision tower', (_, change, path) => {
  const { error } = ModelConfig.safeParse({ ...tiny, vision_config: { ...tiny.vision_config, ...change } });
  expect(error!.issues[0]!.path.join('.')).toBe(path);
});

test.each([null, 3, [], {}, { model_type: 'qwen2_vl', text_config: [] }])('%j is none', (value) => {
  expect(ModelConfig.safeParse(value).success).toBe(false);
});

test.each([
  ['text_config', { hidden_size: 1e9 }, 'hidden_size'],
  ['text_config', { vocab_size: 2 ** 31 }, 'vocab_size'],
  ['text_config', { num_hidden_layers: 0 }, 'num_hidden_layers'],
  ['text_config', { num_key_value_heads: 4 }, 'num_key_value_heads'],
  ['text_config', { rms_norm_eps: 0 }, 'rms_norm_eps'],
  ['text_config', { rope_parameters: { ...rope_parameters, mrope_section: [4, 6, 7] } }, 'mrope_section'],
  ['text_config', { rope_parameters: { ...rope_parameters, rope_type: 'yarn' } }, 'rope_type'],
  ['text_config', { rope_parameters: { ...rope_parameters, rope_theta: -1 } }, 'rope_theta'],
  ['vision_config', { patch_size: 0 }, 'patch_size'],
  ['vision_config', { patch_size: 1e12 }, 'patch_size'],
  ['vision_config', { spatial_merge_size: -2 }, 'spatial_merge_size'],
  ['vision_config', { num_heads: 128 }, 'num_heads'],
  ['vision_config', { mlp_ratio: 1e300 }, 'mlp_ratio'],
] as const)('sizes of %s that no model has: %j', (section, change, field) => {
  const { error } = ModelConfig.safeParse({ ...tiny, [section]: { ...tiny[section], ...change } });
  expect(error!.issues[0]!.path.at(0)).toBe(section);
  expect(error!.issues[0]!.path.at(-1)).toBe(field);
});
