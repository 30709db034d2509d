import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { VideocapError } from '../../../core/errors.ts';
import { elements } from './safetensors.ts';
import type { ProcessorSettings } from './video-processor.ts';

const SHIPPED = fileURLToPath(new URL('../../models/', import.meta.url));
const GRAPHS = ['prefill', 'decode', 'logprobs', 'grpo-gradients', 'sft-gradients', 'adamw'] as const;
export type GraphName = (typeof GRAPHS)[number];

/** The part of a Qwen2-VL `config.json` that decides which graphs fit it and how they are fed. */
const Config = z.object({
  model_type: z.literal('qwen2_vl'),
  text_config: z.object({
    vocab_size: z.int(),
    hidden_size: z.int(),
    intermediate_size: z.int(),
    num_hidden_layers: z.int(),
    num_attention_heads: z.int(),
    num_key_value_heads: z.int(),
    rms_norm_eps: z.number(),
    rope_parameters: z.object({ rope_theta: z.number(), mrope_section: z.tuple([z.int(), z.int(), z.int()]) }),
  }),
  vision_config: z.object({
    depth: z.int(),
    embed_dim: z.int(),
    num_heads: z.int(),
    mlp_ratio: z.number(),
    patch_size: z.int(),
    spatial_merge_size: z.int(),
    temporal_patch_size: z.int(),
  }),
});
const Preprocessor = z.object({
  image_mean: z.tuple([z.number(), z.number(), z.number()]),
  image_std: z.tuple([z.number(), z.number(), z.number()]),
});
const Graphs = z.object({
  parameters: z.array(z.object({ name: z.string(), shape: z.array(z.int().positive()) })),
});

/** A model folder, checked: what the embedded engine needs to know, and where its files are. */
export interface ModelFolder {
  /** As a config names it: `tiny`, or an absolute path. */
  name: string;
  path: string;
  /** Folder of the ONNX graphs. */
  graphs: string;
  config: z.infer<typeof Config>;
  processor: ProcessorSettings;
  /** Every weight's name and shape, in the order that gradients come in. */
  parameters: { name: string; shape: number[] }[];
  parameterCount: number;
}

/**
 * Finds and checks the model that a config names: a shipped model by name, or a folder by path. A folder without graphs of
 * its own, such as an exported checkpoint, uses those of the shipped model with the same dimensions.
 * @throws VideocapError `InvalidModel` saying what is missing and what to do.
 */
export function openModelFolder(name: string): ModelFolder {
  const path = folderOf(name);
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json'])
    if (!existsSync(join(path, file))) throw invalid(name, `has no ${file}`, 'a folder as transformers writes it');
  const config = readJson(name, path, 'config.json', Config);
  const { image_mean, image_std } = readJson(name, path, 'preprocessor_config.json', Preprocessor);
  const graphs = graphsFor(name, path, config);
  const { parameters } = readJson(name, graphs, 'graphs.json', Graphs);
  return {
    name: shippedModels().has(name) ? name : path,
    path,
    graphs,
    config,
    processor: {
      patchSize: config.vision_config.patch_size,
      mergeSize: config.vision_config.spatial_merge_size,
      temporalPatchSize: config.vision_config.temporal_patch_size,
      imageMean: image_mean,
      imageStd: image_std,
    },
    parameters,
    parameterCount: parameters.reduce((sum, { shape }) => sum + elements(shape), 0),
  };
}

/** Folders of the shipped models, by name. */
function shippedModels(): Map<string, string> {
  const entries = readdirSync(SHIPPED, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return new Map(entries.map(({ name }) => [name, join(SHIPPED, name)]));
}

function folderOf(name: string): string {
  const shipped = shippedModels();
  const own = shipped.get(name);
  if (own) return own;
  const path = isAbsolute(name) ? name : resolve(name);
  if (existsSync(path)) return path;
  throw invalid(
    name,
    `is neither a shipped model (${[...shipped.keys()]}) nor a folder`,
    'one of them as policy.model',
  );
}

function graphsFor(name: string, path: string, config: z.infer<typeof Config>): string {
  for (const folder of [path, ...shippedModels().values()]) {
    const graphs = join(folder, 'onnx');
    if (!existsSync(join(graphs, 'graphs.json'))) continue;
    const missing = GRAPHS.filter((graph) => !existsSync(join(graphs, `${graph}.onnx`)));
    if (missing.length > 0) throw invalid(name, `lacks onnx/${missing[0]}.onnx`, 'graphs from `npm run model:build`');
    if (folder === path || sameDimensions(config, readJson(name, folder, 'config.json', Config))) return graphs;
  }
  throw invalid(
    name,
    'has no ONNX graphs, and no shipped model has its dimensions',
    'graphs from `npm run model:build`, or an engine that needs none',
  );
}

/** The parsed configs hold nothing but what the graphs are made from. */
function sameDimensions(a: z.infer<typeof Config>, b: z.infer<typeof Config>): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function readJson<S extends z.ZodType>(name: string, folder: string, file: string, schema: S): z.infer<S> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  } catch (error) {
    throw invalid(name, `has a ${file} that cannot be read (${(error as Error).message})`, 'a whole copy of the model');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw invalid(
    name,
    `has a ${file} whose ${issue.path.join('.') || 'content'} is wrong (${issue.message})`,
    'a Qwen2-VL',
  );
}

function invalid(name: string, fault: string, remedy: string): VideocapError {
  return new VideocapError('InvalidModel', `Model "${name}" ${fault}; use ${remedy}.`);
}
