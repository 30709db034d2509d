import { VideocapError } from '../../core/errors.ts';
import { ThreadClient } from '../../core/thread-client.ts';
import { type EmbeddingModelConfig, embeddingModelName } from './embedding-config.ts';
import type { ModelSource } from './embedding-files.ts';
import { embeddingIdentity } from './embedding-identity.ts';
import { EMBEDDING_MODEL } from './embedding-model.ts';
import { embeddingModelFolder } from './installed-model.ts';
import { mixedSimilarity } from './mixed-similarity.ts';
import { likenessOfNumbers } from './numbers.ts';
import type { Reading } from './reading.ts';
import type { Embedded, EmbeddingApi } from './sentence-embedding-thread.ts';
import { normalisePhrase, type PhraseSimilarity, plainSimilarity, type Similarity } from './similarity.ts';
import { likenessOfOrder } from './word-order.ts';

/** Phrases a call to the thread: they take a second at most. */
const BATCH = 32;
/** A thread that has not answered a call after this long is stuck. */
const STUCK_SECONDS = 600;
/** Embeddings kept; the oldest go first. 20,000 x 384 floats are 31 MB. */
const CACHED = 20_000;

/** What the model can read of a phrase, and its embedding. */
interface Embedding {
  reading: Reading;
  vector: Float32Array;
}

/**
 * Cosine similarity of sentence embeddings, by bge-small-en or a model that a config names, clamped to [0, 1], computed
 * in a thread of its own: the calling thread only ever waits. Every phrase is embedded alone and once, so its
 * similarities depend on nothing but the two phrases.
 *
 * Words that the model does not know (of another language, with marks that its tokenizer drops, emoji) are compared by
 * their characters: two different words that the model does not know are as one to it.
 *
 * Phrases in which two parts have exchanged their places are far apart, though their embeddings are not
 * (`likenessOfOrder`). What cosine cannot see: opposites are close (`moves left` and `moves right`: 0.82), closer than
 * some paraphrases (`moves left` and `slides to the left`: 0.80). Thresholds therefore decide between spellings, not
 * between meanings.
 */
export class SentenceEmbedding implements Similarity {
  readonly name: string;
  /** The model of a config, if it is one. */
  readonly #named: EmbeddingModelConfig | undefined;
  readonly #thread: ThreadClient<EmbeddingApi>;
  readonly #stuckSeconds: number;
  readonly #cache = new Map<string, Embedding>();

  /**
   * Nothing is loaded before it is needed.
   * @param model the installation's folder, which has the model of the set-up in `models/`; or a model of a config.
   * @param script for tests: another thread that serves the same methods.
   */
  constructor(
    model: string | EmbeddingModelConfig,
    script = new URL('./sentence-embedding-thread.ts', import.meta.url),
    stuckSeconds = STUCK_SECONDS,
  ) {
    const named = typeof model === 'string' ? undefined : model;
    this.name = named ? embeddingModelName(named) : EMBEDDING_MODEL.name;
    this.#named = named;
    const source: ModelSource =
      typeof model === 'string'
        ? { folder: embeddingModelFolder(model), installed: true }
        : { ...model, installed: false };
    this.#thread = new ThreadClient({ script, data: source, name: 'The sentence-embedding thread' });
    this.#stuckSeconds = stuckSeconds;
  }

  /**
   * The SHA-256 of the model's files, once it has computed an embedding.
   * @throws VideocapError `InvalidModel` where it cannot be used.
   */
  identify(signal?: AbortSignal): Promise<string> {
    return this.#within((signal) => this.#thread.call('identify', null, { signal }), signal);
  }

  /**
   * @throws VideocapError `Stuck` when the thread no longer answers: the next call gets another one; `InvalidModel`
   *   where the model is not the one that a config insists on; the signal's reason.
   */
  async prepare(phrases: Iterable<string>, signal?: AbortSignal): Promise<PhraseSimilarity> {
    const wanted = new Set([...phrases].map(normalisePhrase).filter((phrase) => phrase !== ''));
    const missing = [...wanted].filter((phrase) => !this.#cache.has(phrase));
    const embeddings = new Map([...wanted].map((phrase) => [phrase, this.#cache.get(phrase)]));
    for (let from = 0; from < missing.length; from += BATCH) {
      const batch = missing.slice(from, from + BATCH);
      const { readings, vectors } = await this.#embed(batch, signal);
      const dimensions = vectors.length / batch.length;
      for (const [row, phrase] of batch.entries()) {
        const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions);
        const embedding = { reading: readings[row]!, vector };
        embeddings.set(phrase, embedding);
        this.#remember(phrase, embedding);
      }
    }
    const compare = (a: string, b: string) =>
      plainSimilarity(a, b) ?? similarityOf(normalisePhrase(a), normalisePhrase(b), embeddings);
    return Object.assign(compare, {
      byCharacters: (phrase: string) => embeddings.get(normalisePhrase(phrase))?.reading.unreadShare ?? 0,
    });
  }

  identity() {
    return embeddingIdentity(this.#named);
  }

  /** Ends the thread. The next `prepare` starts another one. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  #remember(phrase: string, embedding: Embedding): void {
    if (this.#cache.size >= CACHED) this.#cache.delete(this.#cache.keys().next().value!);
    this.#cache.set(phrase, embedding);
  }

  #embed(phrases: readonly string[], signal: AbortSignal | undefined): Promise<Embedded> {
    return this.#within((signal) => this.#thread.call('embed', phrases, { signal }), signal);
  }

  /** One call, with a limit: a thread that gives no answer is replaced. */
  async #within<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const limit = new AbortController();
    const seconds = this.#stuckSeconds;
    const late = `The sentence-embedding thread has given no answer for ${seconds} s; another one is started.`;
    const timer = setTimeout(() => limit.abort(new VideocapError('Stuck', late)), 1000 * seconds);
    try {
      return await call(signal ? AbortSignal.any([signal, limit.signal]) : limit.signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

function similarityOf(a: string, b: string, embeddings: ReadonlyMap<string, Embedding | undefined>): number {
  const left = embeddings.get(a);
  const right = embeddings.get(b);
  if (!left || !right) throw new Error(`"${left ? b : a}" was not among the phrases that were prepared.`);
  // Rounding must not make 0.9999 of equal parts.
  const [read, other] = [left.reading.read, right.reading.read];
  const ofRead = read === other ? 1 : cosine(left.vector, right.vector) * likenessOfNumbers(read, other);
  const order = likenessOfOrder(a, b);
  if (left.reading.unreadShare === 0 && right.reading.unreadShare === 0) return ofRead * order;
  return order * mixedSimilarity({ phrase: a, reading: left.reading }, { phrase: b, reading: right.reading }, ofRead);
}

/** Of vectors of length 1, clamped to [0, 1]. */
function cosine(left: Float32Array, right: Float32Array): number {
  let dot = 0;
  for (let i = 0; i < left.length; i++) dot += left[i]! * right[i]!;
  return Math.min(1, Math.max(0, dot));
}
