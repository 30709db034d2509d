import { VideocapError } from '../../core/errors.ts';
import { ThreadClient } from '../../core/thread-client.ts';
import { EMBEDDING_MODEL, embeddingModelFolder } from './embedding-model.ts';
import type { EmbeddingApi } from './sentence-embedding-thread.ts';
import { normalisePhrase, type PhraseSimilarity, type Similarity } from './similarity.ts';

/** Phrases a call to the thread: they take a second at most. */
const BATCH = 32;
/** A thread that has not answered a call after this long is stuck. */
const STUCK_SECONDS = 600;
/** Embeddings kept; the oldest go first. 20,000 x 384 floats are 31 MB. */
const CACHED = 20_000;

type Embedding = Float32Array;

/**
 * Cosine similarity of sentence embeddings (bge-small-en), clamped to [0, 1], computed in a thread of its own: the
 * calling thread only ever waits. Every phrase is embedded alone and once, so its similarities depend on nothing but
 * the two phrases.
 *
 * What cosine cannot see: opposites are close (`moves left` and `moves right`: 0.82), closer than some paraphrases
 * (`moves left` and `slides to the left`: 0.80). Thresholds therefore decide between spellings, not between meanings.
 */
export class SentenceEmbedding implements Similarity {
  readonly name = EMBEDDING_MODEL.name;
  readonly #thread: ThreadClient<EmbeddingApi>;
  readonly #stuckSeconds: number;
  readonly #cache = new Map<string, Embedding>();

  /**
   * Nothing is loaded before it is needed.
   * @param home the installation's folder; the model lies in `models/` of it.
   * @param script for tests: another thread that serves the same methods.
   */
  constructor(
    home: string,
    script = new URL('./sentence-embedding-thread.ts', import.meta.url),
    stuckSeconds = STUCK_SECONDS,
  ) {
    const data = { folder: embeddingModelFolder(home) };
    this.#thread = new ThreadClient({ script, data, name: 'The sentence-embedding thread' });
    this.#stuckSeconds = stuckSeconds;
  }

  /**
   * @throws VideocapError `Stuck` when the thread no longer answers: the next call gets another one; the signal's
   *   reason.
   */
  async prepare(phrases: Iterable<string>, signal?: AbortSignal): Promise<PhraseSimilarity> {
    const wanted = new Set([...phrases].map(normalisePhrase).filter((phrase) => phrase !== ''));
    const missing = [...wanted].filter((phrase) => !this.#cache.has(phrase));
    const embeddings = new Map([...wanted].map((phrase) => [phrase, this.#cache.get(phrase)]));
    for (let from = 0; from < missing.length; from += BATCH) {
      const batch = missing.slice(from, from + BATCH);
      const vectors = await this.#embed(batch, signal);
      for (const [row, phrase] of batch.entries()) {
        const start = row * EMBEDDING_MODEL.dimensions;
        const embedding = vectors.subarray(start, start + EMBEDDING_MODEL.dimensions);
        embeddings.set(phrase, embedding);
        this.#remember(phrase, embedding);
      }
    }
    return (a, b) => similarityOf(normalisePhrase(a), normalisePhrase(b), embeddings);
  }

  /** Ends the thread. The next `prepare` starts another one. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  #remember(phrase: string, embedding: Embedding): void {
    if (this.#cache.size >= CACHED) this.#cache.delete(this.#cache.keys().next().value!);
    this.#cache.set(phrase, embedding);
  }

  /** One call, with a limit: a thread that gives no answer is replaced. */
  async #embed(phrases: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array> {
    const limit = new AbortController();
    const seconds = this.#stuckSeconds;
    const late = `The sentence-embedding thread has given no answer for ${seconds} s; another one is started.`;
    const timer = setTimeout(() => limit.abort(new VideocapError('Stuck', late)), 1000 * seconds);
    try {
      return await this.#thread.call('embed', phrases, {
        signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

function similarityOf(a: string, b: string, embeddings: ReadonlyMap<string, Embedding | undefined>): number {
  if (a === '' || b === '') return 0;
  if (a === b) return 1;
  const left = embeddings.get(a);
  const right = embeddings.get(b);
  if (!left || !right) throw new Error(`"${left ? b : a}" was not among the phrases that were prepared.`);
  let dot = 0;
  for (let i = 0; i < left.length; i++) dot += left[i]! * right[i]!;
  return Math.min(1, Math.max(0, dot));
}
