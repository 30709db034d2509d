import { serveThread, threadData } from '../../core/thread-server.ts';
import { type ModelSource, unusable } from './embedding-files.ts';
import { EmbeddingSession } from './embedding-session.ts';
import { type Reading, readingOf } from './reading.ts';

/**
 * The thread that embeds: `onnxruntime` blocks the event loop it runs on, so it must not be the one that heartbeats.
 */

export interface EmbeddingApi {
  /** The SHA-256 of the model's files, once it has computed an embedding. */
  identify(request: null): string;
  embed(phrases: readonly string[]): Embedded;
}

export interface Embedded {
  /** What the model can read of each phrase. */
  readings: Reading[];
  /** `[phrases, dimensions]`: of what it can read, each row of length 1; zeros where it can read nothing. */
  vectors: Float32Array<ArrayBuffer>;
}

const source = threadData<ModelSource>();
let opening: Promise<EmbeddingSession> | undefined;

function open(): Promise<EmbeddingSession> {
  opening ??= EmbeddingSession.open(source).catch((error) => {
    // The next call tries again: the file may have been put there meanwhile.
    opening = undefined;
    throw error;
  });
  return opening;
}

/** @throws VideocapError `InvalidModel` where the files are others than a config insists on. */
async function openSame(): Promise<EmbeddingSession> {
  const session = await open();
  if (source.sha256 === undefined || session.sha256 === source.sha256) return session;
  opening = undefined; // the next call sees whether they were restored
  throw unusable(
    source.folder,
    `its files have the hash ${session.sha256}, and the run insists on ${source.sha256}: restore them`,
  );
}

serveThread<EmbeddingApi>(
  {
    async identify() {
      const session = await open();
      await session.check();
      return session.sha256;
    },

    async embed(phrases, { throwIfCancelled }) {
      const session = await openSame();
      const readings = phrases.map((phrase) => readingOf(phrase, (word) => session.isKnown(word)));
      const rows: Float32Array[] = [];
      for (const { read } of readings) {
        throwIfCancelled();
        rows.push(read === '' ? new Float32Array() : await session.embed(read));
      }
      const dimensions = Math.max(0, ...rows.map(({ length }) => length));
      const vectors = new Float32Array(phrases.length * dimensions);
      for (const [row, vector] of rows.entries()) vectors.set(vector, row * dimensions);
      return { readings, vectors };
    },
  },
  (result) => (typeof result === 'string' ? [] : [result.vectors.buffer]),
);
