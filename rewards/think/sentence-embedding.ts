import { Worker } from 'node:worker_threads';
import { VideocapError } from '../../core/errors.ts';
import { EMBEDDING_MODEL, embeddingModelFolder } from './embedding-model.ts';
import type { EmbedRequest, EmbedResponse } from './sentence-embedding-thread.ts';
import { normalisePhrase, type PhraseSimilarity, type Similarity } from './similarity.ts';

/** Phrases sent to the thread at once, which take it a second at most: between two parcels an abort is noticed. */
const PARCEL = 32;
/** A thread that owes an answer for so long is stuck. */
const STUCK_SECONDS = 600;
/** Embeddings kept; the oldest go first. 20,000 x 384 floats are 31 MB. */
const CACHED = 20_000;

type Embedding = Float32Array;
interface Pending {
  resolve(vectors: Float32Array): void;
  reject(error: Error): void;
}

/**
 * Cosine similarity of sentence embeddings (bge-small-en), clamped to [0, 1], computed in a thread of its own: the calling
 * thread only ever waits. Every phrase is embedded alone and once, so its similarities depend on nothing but the two phrases.
 *
 * What cosine cannot see: opposites are close (`moves left` and `moves right`: 0.82), closer than some paraphrases
 * (`moves left` and `slides to the left`: 0.80). Thresholds therefore decide between spellings, not between meanings.
 */
export class SentenceEmbedding implements Similarity {
  readonly name = EMBEDDING_MODEL.name;
  readonly #folder: string;
  readonly #script: URL;
  readonly #stuckSeconds: number;
  readonly #cache = new Map<string, Embedding>();
  readonly #pending = new Map<number, Pending>();
  #thread: Worker | undefined;
  #lastId = 0;

  /**
   * Nothing is loaded before it is needed.
   * @param home the installation's folder; the model lies in `models/` of it.
   * @param script for tests: another thread that speaks the same messages.
   */
  constructor(
    home: string,
    script = new URL('./sentence-embedding-thread.mjs', import.meta.url),
    stuckSeconds = STUCK_SECONDS,
  ) {
    this.#folder = embeddingModelFolder(home);
    this.#script = script;
    this.#stuckSeconds = stuckSeconds;
  }

  /** @throws VideocapError `Stuck` when the thread no longer answers: the next call gets another one; the signal's reason. */
  async prepare(phrases: Iterable<string>, signal?: AbortSignal): Promise<PhraseSimilarity> {
    const wanted = new Set([...phrases].map(normalisePhrase).filter((phrase) => phrase !== ''));
    const missing = [...wanted].filter((phrase) => !this.#cache.has(phrase));
    const embeddings = new Map([...wanted].map((phrase) => [phrase, this.#cache.get(phrase)]));
    for (let from = 0; from < missing.length; from += PARCEL) {
      signal?.throwIfAborted();
      const parcel = missing.slice(from, from + PARCEL);
      const vectors = await this.#answered(this.#embed(parcel), signal);
      for (const [row, phrase] of parcel.entries()) {
        const start = row * EMBEDDING_MODEL.dimensions;
        const embedding = vectors.subarray(start, start + EMBEDDING_MODEL.dimensions);
        embeddings.set(phrase, embedding);
        this.#remember(phrase, embedding);
      }
    }
    return (a, b) => similarityOf(normalisePhrase(a), normalisePhrase(b), embeddings);
  }

  /** Ends the thread. The next `prepare` starts another one. */
  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  #remember(phrase: string, embedding: Embedding): void {
    if (this.#cache.size >= CACHED) this.#cache.delete(this.#cache.keys().next().value!);
    this.#cache.set(phrase, embedding);
  }

  #embed(phrases: string[]): Promise<Float32Array> {
    this.#thread ??= this.#start();
    const request: EmbedRequest = { id: ++this.#lastId, phrases };
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject });
      this.#thread!.ref();
      this.#thread!.postMessage(request);
    });
  }

  /** Waits for an answer, but not for ever: a thread that gives none is ended. */
  async #answered<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const thread = this.#thread!;
    const giveUp = (error: VideocapError) => {
      this.#abandon(thread, error);
      void thread.terminate();
    };
    const late = `The sentence-embedding thread has given no answer for ${this.#stuckSeconds} s; another one is started.`;
    const timer = setTimeout(() => giveUp(new VideocapError('Stuck', late)), 1000 * this.#stuckSeconds);
    const onAbort = () => {
      const { reason } = signal!;
      if (reason instanceof VideocapError && reason.code === 'Stuck') giveUp(reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #start(): Worker {
    const thread = new Worker(this.#script, { workerData: { folder: this.#folder } });
    thread.on('message', (response: EmbedResponse) => this.#settle(response));
    thread.on('error', (error) => this.#abandon(thread, error));
    thread.on('exit', (code) => this.#abandon(thread, new Error(`it ended with code ${code}`)));
    return thread;
  }

  #settle(response: EmbedResponse): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    // An idle thread must not keep the process alive.
    if (this.#pending.size === 0) this.#thread?.unref();
    if ('vectors' in response) pending?.resolve(response.vectors);
    else pending?.reject(asError(response.failure));
  }

  /** The thread died: whoever waits for it is told, and the next request starts a new one. */
  #abandon(thread: Worker, error: Error): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const failure =
      error instanceof VideocapError
        ? error
        : new VideocapError('Unavailable', `The sentence-embedding thread stopped: ${error.message}.`);
    for (const { reject } of this.#pending.values()) reject(failure);
    this.#pending.clear();
  }
}

function asError({ code, message }: { code?: VideocapError['code']; message: string }): Error {
  return code === undefined ? new Error(message) : new VideocapError(code, message);
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
