import { SentenceEmbedding } from './sentence-embedding.ts';
import type { Similarity, SimilarityName } from './similarity.ts';
import { TokenF1 } from './token-f1.ts';

/** One model per installation folder and process: all scorers share its thread and its cache. */
const embeddings = new Map<string, SentenceEmbedding>();

/** The similarity a config asks for. `home` is the installation's folder, where the set-up put the embedding model. */
export function createSimilarity(kind: SimilarityName, home: string): Similarity {
  if (kind === 'token-f1') return new TokenF1();
  const model = embeddings.get(home) ?? new SentenceEmbedding(home);
  embeddings.set(home, model);
  return model;
}
