import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelFile } from '../../core/model-file.ts';
import { sha256OfFile } from '../../core/sha256.ts';
import { WEIGHTS_FILE } from '../onnx/model/weights-file.ts';
import { type Adapter, adapterIn } from './adapter.ts';
import { INDEX_FILE } from './start-weights.ts';
import { manifestText, readManifest, type WeightsManifest } from './weights-manifest.ts';

const ADAPTER_FILE = 'adapter_model.safetensors';
/** What a model's own weights in several files are recognised by. */
const MANIFEST_FILE = 'videocap-weights.json';

/** PEFT's names of the linear layers that have adapters. */
const TARGETS = '.*language_model.*\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)';

/**
 * Puts a policy's weights into a folder: a whole model's as `model.safetensors`, or in the files that it began with; an
 * adapter's as PEFT has them, which `PeftModel.from_pretrained` and vLLM open beside the base model.
 * @param base where the base model lies, for `adapter_config.json`.
 * @returns the adapter, if it is one.
 */
export async function exportWeights(weights: string, base: string, folder: string): Promise<Adapter | undefined> {
  const manifest = await readManifest(weights);
  if (manifest) {
    await exportListed(manifest, base, folder);
    return undefined;
  }
  const adapter = await adapterIn(weights);
  await copyFile(weights, join(folder, adapter ? ADAPTER_FILE : WEIGHTS_FILE));
  if (!adapter) return undefined;
  const config = {
    ...{ peft_type: 'LORA', task_type: 'CAUSAL_LM', base_model_name_or_path: base, inference_mode: true },
    ...{ r: adapter.rank, lora_alpha: adapter.alpha, lora_dropout: 0, bias: 'none', target_modules: TARGETS },
  };
  await writeFile(join(folder, 'adapter_config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
  return adapter;
}

async function exportListed(manifest: WeightsManifest, base: string, folder: string): Promise<void> {
  for (const { name } of manifest.files) await copyFile(join(base, name), join(folder, name));
  const single = manifest.files.some(({ name }) => name === WEIGHTS_FILE);
  if (!single) await writeFile(join(folder, INDEX_FILE), readModelFile(join(base, INDEX_FILE)));
  await writeFile(join(folder, MANIFEST_FILE), manifestText(manifest));
}

/** The sha256 of what `exportWeights` put into a folder; `undefined` when it has none, or a file of it is damaged. */
export async function exportedWeights(folder: string): Promise<string | undefined> {
  const hash = (file: string) => sha256OfFile(join(folder, file)).catch(() => undefined);
  const manifest = await readManifest(join(folder, MANIFEST_FILE)).catch(() => undefined);
  for (const { name, sha256 } of manifest?.files ?? []) if ((await hash(name)) !== sha256) return undefined;
  return (await hash(MANIFEST_FILE)) ?? (await hash(ADAPTER_FILE)) ?? (await hash(WEIGHTS_FILE));
}
