import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { VideocapError } from '../../../core/errors.ts';
import { readModelFile } from '../../../core/model-file.ts';
import type { ModelFolder } from './model-folder.ts';

export const WEIGHTS_FILE = 'model.safetensors';
const PICKLES = /\.(bin|pt|pth|ckpt|pkl|pickle)$/i;
/** 2 GiB. The embedded engine cannot train models of this size. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * The bytes of a model folder's weights. Their format is not checked yet, except for formats that this engine does not
 * open.
 * @throws VideocapError `InvalidModel` when the file is missing, is no file, or of such a format.
 */
export function readWeightsFile({ name, path }: ModelFolder): Buffer {
  const refuse = (fault: string): never => {
    throw new VideocapError('InvalidModel', `Model "${name}" ${fault}.`);
  };
  const file = join(path, WEIGHTS_FILE);
  if (!existsSync(file)) return refuse(insteadOfWeights(readdirSync(path)));
  const bytes = readModelFile(file, MAX_BYTES);
  if (isPickle(bytes)) return refuse(`has a ${WEIGHTS_FILE} that is a pickle; ${PICKLE_REMEDY}`);
  return bytes;
}

const PICKLE_REMEDY =
  'opening a pickle can run any program, so none is opened: save the weights with safetensors.torch.save_file instead';

function insteadOfWeights(files: readonly string[]): string {
  if (files.includes(`${WEIGHTS_FILE}.index.json`))
    return `has its weights in several files; the onnx engine takes one: save it with a larger max_shard_size`;
  const pickle = files.find((file) => PICKLES.test(file));
  if (pickle) return `has its weights in ${pickle}, a pickle, and no ${WEIGHTS_FILE}; ${PICKLE_REMEDY}`;
  return `has no ${WEIGHTS_FILE}; use a whole copy of the model`;
}

/**
 * Torch writes a zip of pickles today, and wrote bare ones before: protocol 2 or later, and no `{` where safetensors
 * has its header.
 */
function isPickle(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0x50 && second === 0x4b) || (first === 0x80 && second! >= 2 && second! <= 5 && bytes[8] !== 0x7b);
}
