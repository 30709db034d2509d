import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { VideocapError } from '../../core/errors.ts';
import { readModelJson } from '../../core/model-file.ts';
import { modelPath } from '../model/model-path.ts';
import type { PatchSettings } from '../onnx/model/video-processor.ts';
import { WEIGHTS_FILE } from '../onnx/model/weights-file.ts';
import { INDEX_FILE } from './start-weights.ts';

/** The model families that `workers/torch/videocap_torch/engine/families.py` knows. */
const FAMILIES = ['qwen2_vl', 'qwen2_5_vl', 'qwen3_vl'] as const;

const NEEDED = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json'];

export interface TorchModel {
  path: string;
  /** `model_type` of its config. */
  family: (typeof FAMILIES)[number];
  /** Entries of the embedding table: some of them may stand for no token. */
  vocabulary: number;
}

/**
 * A model that the ranks can open.
 * @throws VideocapError `InvalidModel` saying what is missing and what to do.
 */
export function openTorchModel(name: string): TorchModel {
  const path = modelPath(name);
  const missing = NEEDED.find((file) => !existsSync(join(path, file)));
  const noWeights = [WEIGHTS_FILE, INDEX_FILE].every((file) => !existsSync(join(path, file)));
  const lacking = missing ?? (noWeights ? `${WEIGHTS_FILE} or ${INDEX_FILE}` : undefined);
  if (lacking) throw invalid(name, `has no ${lacking}`, 'a whole copy of the model');
  const config = Config.safeParse(readModelJson(join(path, 'config.json')));
  const type = config.data?.model_type;
  const family = FAMILIES.find((one) => one === type);
  const vocabulary = config.data?.text_config?.vocab_size ?? config.data?.vocab_size;
  if (vocabulary === undefined || !family)
    throw invalid(name, `is a "${type}"`, `a model whose config.json says one of ${FAMILIES.join(', ')}`);
  return { path, family, vocabulary };
}

const Vocabulary = z
  .int()
  .positive()
  .max(2 ** 22)
  .optional();

/**
 * How a model's vision tower cuts frames.
 * @throws VideocapError `InvalidModel` where its config does not say so.
 */
export function patchesOf(path: string): PatchSettings {
  const { data, error } = Vision.safeParse(readModelJson(join(path, 'config.json')));
  const missing = () => `has a config.json without a whole ${error!.issues[0]!.path.join('.')}`;
  if (!data) throw invalid(path, missing(), 'a whole copy of the model');
  const { patch_size: patchSize, spatial_merge_size: mergeSize } = data.vision_config;
  return { patchSize, mergeSize, temporalPatchSize: data.vision_config.temporal_patch_size };
}

const Size = z.int().positive().max(1000);
const Vision = z.object({
  vision_config: z.object({ patch_size: Size, spatial_merge_size: Size, temporal_patch_size: Size }),
});

/** `vocab_size` lies at the top in the published Qwen2-VL and Qwen2.5-VL. */
const Config = z.object({
  model_type: z.string(),
  vocab_size: Vocabulary,
  text_config: z.object({ vocab_size: Vocabulary }).optional(),
});

function invalid(name: string, fault: string, remedy: string): VideocapError {
  return new VideocapError('InvalidModel', `Model "${name}" ${fault}; use ${remedy}.`);
}
