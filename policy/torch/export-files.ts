import { copyFile, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256OfFile } from '../../core/sha256.ts';
import { WEIGHTS_FILE } from '../onnx/model/weights-file.ts';

const ADAPTER_FILE = 'adapter_model.safetensors';

/** What the ranks note in a file that holds an adapter alone (`workers/torch/videocap_torch/engine/policy.py`). */
const Metadata = z.object({ videocap_lora: z.string().optional() });
const Lora = z.object({ rank: z.int(), alpha: z.number() });

/** PEFT's names of the linear layers that have adapters. */
const TARGETS = '.*language_model.*\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)';

/**
 * Puts a policy's weights into a folder: a whole model's as `model.safetensors`, an adapter's as PEFT has them, which
 * `PeftModel.from_pretrained` and vLLM open beside the base model.
 * @param base where the base model lies, for `adapter_config.json`.
 */
export async function exportWeights(weights: string, base: string, folder: string): Promise<void> {
  const adapter = await adapterIn(weights);
  await copyFile(weights, join(folder, adapter ? ADAPTER_FILE : WEIGHTS_FILE));
  if (!adapter) return;
  const config = {
    ...{ peft_type: 'LORA', task_type: 'CAUSAL_LM', base_model_name_or_path: base, inference_mode: true },
    ...{ r: adapter.rank, lora_alpha: adapter.alpha, lora_dropout: 0, bias: 'none', target_modules: TARGETS },
  };
  await writeFile(join(folder, 'adapter_config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** The sha256 of what `exportWeights` put into a folder; `undefined` when it has none. */
export async function exportedWeights(folder: string): Promise<string | undefined> {
  const hash = (file: string) => sha256OfFile(join(folder, file)).catch(() => undefined);
  return (await hash(ADAPTER_FILE)) ?? (await hash(WEIGHTS_FILE));
}

/** Of a safetensors file: eight bytes of header length, then the header. */
async function adapterIn(path: string): Promise<z.infer<typeof Lora> | undefined> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(8);
    await file.read(length, 0, 8, 0);
    const header = Buffer.alloc(Number(length.readBigUInt64LE()));
    await file.read(header, 0, header.length, 8);
    const { __metadata__: metadata = {} } = JSON.parse(header.toString('utf8')) as { __metadata__?: unknown };
    const { videocap_lora: lora } = Metadata.parse(metadata);
    return lora === undefined ? undefined : Lora.parse(JSON.parse(lora));
  } finally {
    await file.close();
  }
}
