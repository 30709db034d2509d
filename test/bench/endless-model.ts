import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFixedFiles } from '../../policy/model/fixed-files.ts';
import { modelPath } from '../../policy/model/model-path.ts';
import { WEIGHTS_FILE } from '../../policy/onnx/model/weights-file.ts';

const [END, OTHER] = ['<|im_end|>', '<|vision_pad|>'];

/**
 * A copy of the tiny model that ends no completion before its limit, so that all sides write equally much: in its
 * tokenizer, the token that ends a completion has the name of one that the model never writes, and the other way round.
 */
export async function endlessModel(folder: string): Promise<string> {
  const tiny = modelPath('tiny');
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of readFixedFiles(tiny))
    await writeFile(join(folder, name), name.startsWith('tokenizer') ? exchanged(bytes.toString('utf8')) : bytes);
  await copyFile(join(tiny, WEIGHTS_FILE), join(folder, WEIGHTS_FILE));
  return folder;
}

function exchanged(json: string): string {
  const between = '<|neither|>';
  const names = json.replaceAll(`"${END}"`, `"${between}"`).replaceAll(`"${OTHER}"`, `"${END}"`);
  return names.replaceAll(`"${between}"`, `"${OTHER}"`);
}
