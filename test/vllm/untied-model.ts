import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seedAt } from '../../core/random.ts';
import { readFixedFiles } from '../../policy/model/fixed-files.ts';
import { modelPath } from '../../policy/model/model-path.ts';
import { readSafetensors, writeSafetensors } from '../../policy/onnx/model/safetensors.ts';

const EMBEDDINGS = 'model.embed_tokens.weight';

/**
 * A copy of the tiny model whose head is a tensor of its own, as Qwen2-VL-7B has it: on the CPU, vLLM 0.32 does not
 * reload a head that is the embeddings. @param noise at most so much is added to every weight.
 */
export async function untiedModel(folder: string, { noise = 0 } = {}): Promise<string> {
  const tiny = modelPath('tiny');
  await mkdir(folder);
  for (const [name, bytes] of readFixedFiles(tiny)) await writeFile(join(folder, name), bytes);
  const config = JSON.parse(await readFile(join(tiny, 'config.json'), 'utf8'));
  const untied = { ...config, tie_word_embeddings: false };
  if (config.text_config) untied.text_config = { ...config.text_config, tie_word_embeddings: false };
  await writeFile(join(folder, 'config.json'), JSON.stringify(untied));
  const { tensors } = readSafetensors(await readFile(join(tiny, 'model.safetensors')), 'the tiny model');
  const head = tensors.get(EMBEDDINGS)!;
  tensors.set('lm_head.weight', { shape: head.shape, data: head.data.slice() });
  for (const [name, { data }] of noise > 0 ? tensors : [])
    for (let i = 0; i < data.length; i++) data[i]! += noise * Math.sin(seedAt(1, [name]) + i);
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(tensors));
  return folder;
}
