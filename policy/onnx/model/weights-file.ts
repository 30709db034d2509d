import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VideocapError } from '../../../core/errors.ts';
import type { ModelFolder } from './model-folder.ts';
import { LFS_POINTER } from './read-text.ts';

export const WEIGHTS_FILE = 'model.safetensors';
const PICKLES = /\.(bin|pt|pth|ckpt|pkl|pickle)$/i;
/** The largest file that `readFile` reads. The embedded engine cannot train models of this size. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * The bytes of a model folder's weights. Their format is not checked yet, except for formats that this engine does not
 * open.
 * @throws VideocapError `InvalidModel` when the file is missing, or of such a format.
 */
export async function readWeightsFile({ name, path }: ModelFolder): Promise<Buffer> {
  const refuse = (fault: string): never => {
    throw new VideocapError('InvalidModel', `Model "${name}" ${fault}.`);
  };
  const found = await stat(join(path, WEIGHTS_FILE)).catch(() => undefined);
  if (!found?.isFile()) return refuse(insteadOfWeights(await readdir(path)));
  if (found.size > MAX_BYTES)
    return refuse(`has a ${WEIGHTS_FILE} of ${found.size} bytes; the onnx engine takes up to 2 GiB`);
  const bytes = await readFile(join(path, WEIGHTS_FILE));
  if (isPickle(bytes)) return refuse(`has a ${WEIGHTS_FILE} that is a pickle; ${PICKLE_REMEDY}`);
  if (bytes.subarray(0, 100).toString('latin1').startsWith(LFS_POINTER))
    return refuse(`has a ${WEIGHTS_FILE} that only points at the file in Git LFS; run \`git lfs pull\` in it`);
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
