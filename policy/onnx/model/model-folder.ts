import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { clipped } from '../../../core/clipped.ts';
import { VideocapError } from '../../../core/errors.ts';
import { readModelFile, readModelJson } from '../../../core/model-file.ts';
import { modelPath, shippedModels } from '../../model/model-path.ts';
import { ModelConfig, only } from './model-config.ts';
import { elements } from './safetensors.ts';
import type { ProcessorSettings } from './video-processor.ts';

const DEVIATION = z.number().positive();
/** How pixels become numbers. The frames' sizes are the config's (`frames.maxPixels`). */
const Preprocessor = z.object({
  image_mean: z.tuple([z.number(), z.number(), z.number()]),
  image_std: z.tuple([DEVIATION, DEVIATION, DEVIATION]),
  do_normalize: only(true, 'the onnx engine normalises every frame'),
  do_rescale: only(true, 'the onnx engine takes a byte as a 255th'),
  rescale_factor: only(1 / 255, 'the onnx engine takes a byte as a 255th'),
  patch_size: z.number().optional(),
  merge_size: z.number().optional(),
  temporal_patch_size: z.number().optional(),
});
/** `graphs.json`, as `videocap_torch.export` writes it. */
const Graphs = z.object({
  parameters: z.array(z.object({ name: z.string(), shape: z.array(z.int().positive()) })),
  graphs: z.record(
    z.string(),
    z.object({
      file: z.string().regex(/^[\w-]+\.onnx$/),
      /** The loss whose gradients the graph computes. */
      loss: z.string().optional(),
      /** Without those that belong to one parameter. */
      inputs: z.array(z.string()),
      outputs: z.array(z.string()),
    }),
  ),
});

/** A model folder, checked: what the embedded engine needs to know, and where its files are. */
export interface ModelFolder {
  /** As a config names it: `tiny`, or an absolute path. */
  name: string;
  path: string;
  /** Folder of the ONNX graphs, and the entries of its `graphs.json`, by the graphs' names. */
  graphFolder: string;
  graphs: z.infer<typeof Graphs>['graphs'];
  config: ModelConfig;
  processor: ProcessorSettings;
  /** Every weight's name and shape, in the order that gradients come in. */
  parameters: { name: string; shape: number[] }[];
  parameterCount: number;
}

/**
 * Finds and checks the model that a config names: a shipped model by name, or a folder by path. A folder without graphs
 * of its own, such as an exported checkpoint, uses those of the shipped model with the same dimensions.
 * @throws VideocapError `InvalidModel` saying what is missing and what to do.
 */
export function openModelFolder(name: string): ModelFolder {
  const path = modelPath(name);
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json'])
    if (!existsSync(join(path, file))) throw invalid(name, `has no ${file}`, 'a folder as transformers writes it');
  const config = readJson(name, path, 'config.json', ModelConfig);
  const preprocessor = readJson(name, path, 'preprocessor_config.json', Preprocessor);
  refuseOtherPatches(name, preprocessor, config.vision_config);
  const graphFolder = graphFolderFor(name, path, config);
  const { parameters, graphs } = readJson(name, graphFolder, 'graphs.json', Graphs);
  return {
    name: shippedModels().has(name) ? name : path,
    path,
    graphFolder,
    graphs,
    config,
    processor: {
      patchSize: config.vision_config.patch_size,
      mergeSize: config.vision_config.spatial_merge_size,
      temporalPatchSize: config.vision_config.temporal_patch_size,
      imageMean: preprocessor.image_mean,
      imageStd: preprocessor.image_std,
    },
    parameters,
    parameterCount: parameters.reduce((sum, { shape }) => sum + elements(shape), 0),
  };
}

/** Bytes; the graphs that ship have less than one million. */
const MAX_GRAPH = 2 ** 28;

/**
 * A graph's file, read: a runtime that is given the path could be made to open others, which a graph may name.
 * @param user who needs the graph, for the error: `algorithm grpo`.
 * @throws VideocapError `InvalidModel` when the model has no such graph.
 */
export function readGraph(folder: ModelFolder, graph: string, user: string): Buffer {
  return readModelFile(graphPath(folder, graph, user), MAX_GRAPH);
}

/**
 * The path of a graph's file.
 * @param user who needs the graph, for the error: `algorithm grpo`.
 * @throws VideocapError `InvalidModel` when the model has no such graph.
 */
export function graphPath({ name, graphFolder, graphs }: ModelFolder, graph: string, user: string): string {
  const file = Object.hasOwn(graphs, graph) ? graphs[graph]!.file : undefined;
  if (file !== undefined && existsSync(join(graphFolder, file))) return join(graphFolder, file);
  throw new VideocapError(
    'InvalidModel',
    `Model "${name}" has no graph ${graph}, which ${user} needs; run \`npm run model:build\` to make it in ` +
      `${graphFolder}.`,
  );
}

function graphFolderFor(name: string, path: string, config: ModelConfig): string {
  for (const folder of [path, ...shippedModels().values()]) {
    const graphs = join(folder, 'onnx');
    if (!existsSync(join(graphs, 'graphs.json'))) continue;
    if (folder === path || sameDimensions(config, readJson(name, folder, 'config.json', ModelConfig))) return graphs;
  }
  throw invalid(
    name,
    'has no ONNX graphs, and no shipped model has its dimensions',
    'graphs from `npm run model:build`, or an engine that needs none',
  );
}

/** What makes patches of the frames is said twice in a model folder. */
function refuseOtherPatches(
  name: string,
  { patch_size, merge_size, temporal_patch_size }: z.infer<typeof Preprocessor>,
  vision: ModelConfig['vision_config'],
): void {
  const said = [
    ['patch_size', patch_size, vision.patch_size],
    ['merge_size', merge_size, vision.spatial_merge_size],
    ['temporal_patch_size', temporal_patch_size, vision.temporal_patch_size],
  ] as const;
  for (const [field, value, needed] of said)
    if (value !== undefined && value !== needed)
      throw invalid(
        name,
        `has a preprocessor_config.json whose ${field} is ${value}, but its vision tower takes ${needed}`,
        'both files of one model',
      );
}

/** The parsed configs hold nothing but what the graphs are made from. */
function sameDimensions(a: ModelConfig, b: ModelConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function readJson<S extends z.ZodType>(name: string, folder: string, file: string, schema: S): z.infer<S> {
  const parsed = schema.safeParse(readModelJson(join(folder, file)), { reportInput: true });
  if (parsed.success) return parsed.data;
  const { path, message, input } = parsed.error.issues[0]!;
  const value = input === undefined ? 'is missing' : `is ${shown(input)} (${message})`;
  throw invalid(
    name,
    `has a ${file} whose ${path.join('.') || 'content'} ${message.startsWith('is ') ? message : value}`,
    'a Qwen2-VL',
  );
}

function shown(value: unknown): string {
  return clipped(JSON.stringify(value), 60);
}

function invalid(name: string, fault: string, remedy: string): VideocapError {
  return new VideocapError('InvalidModel', `Model "${name}" ${fault}; use ${remedy}.`);
}
