import type { EmbeddingModelConfig } from './embedding-config.ts';
import { SentenceEmbedding } from './sentence-embedding.ts';
import type { Similarity, SimilarityName } from './similarity.ts';
import { TokenF1 } from './token-f1.ts';

/** One thread and one cache for each model in a process: all scorers share them. */
const embeddings = new Map<string, SentenceEmbedding>();

/**
 * The similarity a config asks for. `home` is the installation's folder, where the set-up put an embedding model; the
 * config may name another one.
 */
export function createSimilarity(kind: SimilarityName, home: string, named?: EmbeddingModelConfig): Similarity {
  if (kind === 'token-f1') return new TokenF1();
  const key = JSON.stringify(named ?? home);
  const model = embeddings.get(key) ?? new SentenceEmbedding(named ?? home);
  embeddings.set(key, model);
  return model;
}
