import { Tokenizer } from '@huggingface/tokenizers';
import * as ort from 'onnxruntime-node';
import { runNative, serveThread, threadData } from '../../core/thread-server.ts';
import { readModelFile } from './embedding-files.ts';
import { EMBEDDING_MODEL } from './embedding-model.ts';
import { type Reading, readingOf } from './reading.ts';
import { isWrittenIn, scriptsLearnt, withoutMarks } from './scripts.ts';

/**
 * The thread that embeds: `onnxruntime` blocks the event loop it runs on, so it must not be the one that heartbeats.
 */

export interface EmbeddingApi {
  embed(phrases: readonly string[]): Embedded;
}

export interface Embedded {
  /** What the model can read of each phrase. */
  readings: Reading[];
  /** `[phrases, dimensions]`: of what it can read, each row of length 1; zeros where it can read nothing. */
  vectors: Float32Array<ArrayBuffer>;
}

const { folder } = threadData<{ folder: string }>();
let loading: ReturnType<typeof load> | undefined;

async function load() {
  const tokenizerJson = JSON.parse(readModelFile(folder, 'tokenizer.json').toString('utf8'));
  const session = await ort.InferenceSession.create(readModelFile(folder, 'model.onnx'), {
    // One thread: a phrase takes milliseconds, and the policy wants the cores.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
  });
  const tokenizer = new Tokenizer(tokenizerJson, {});
  return { tokenizer, session, isKnown: knownWords(tokenizer, tokenizerJson) };
}

/**
 * Which words the model knows: those without an unknown token, in scripts that its vocabulary has words of. Where its
 * tokenizer drops the marks of letters, a word with marks is another word to the model (`año` and `ano`): it does not
 * know it.
 */
function knownWords(tokenizer: Tokenizer, { model }: { model: { vocab: object; unk_token: string } }) {
  const scripts = scriptsLearnt(Object.keys(model.vocab));
  const unknown = tokenizer.token_to_id(model.unk_token);
  const idsOf = (word: string) => tokenizer.encode(word, { add_special_tokens: false }).ids;
  return (word: string): boolean => {
    const ids = idsOf(word);
    if (ids.length === 0 || ids.includes(unknown!) || !isWrittenIn(scripts, word)) return false;
    const bare = withoutMarks(word);
    return bare === word || idsOf(bare).join() !== ids.join();
  };
}

/**
 * One phrase at a time: the model is quantised by the range of its batch, so in a batch the embedding of a
 * phrase would depend on its neighbours. CLS pooling, as bge is trained.
 */
async function embed({ tokenizer, session }: Awaited<ReturnType<typeof load>>, phrase: string): Promise<Float32Array> {
  const { ids } = tokenizer.encode(phrase);
  const kept =
    ids.length <= EMBEDDING_MODEL.maxTokens ? ids : [...ids.slice(0, EMBEDDING_MODEL.maxTokens - 1), ids.at(-1)!];
  const tensor = (values: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, kept.length]);
  const feeds = {
    input_ids: tensor(kept),
    attention_mask: tensor(kept.map(() => 1)),
    token_type_ids: tensor(kept.map(() => 0)),
  };
  const output = await runNative(() => session.run(feeds));
  const cls = (output.last_hidden_state!.data as Float32Array).slice(0, EMBEDDING_MODEL.dimensions);
  const length = Math.hypot(...cls);
  return cls.map((x) => x / length);
}

serveThread<EmbeddingApi>(
  {
    async embed(phrases, { throwIfCancelled }) {
      loading ??= load();
      const model = await loading.catch((error) => {
        // The next call tries again: the file may have been put there meanwhile.
        loading = undefined;
        throw error;
      });
      const readings = phrases.map((phrase) => readingOf(phrase, model.isKnown));
      const vectors = new Float32Array(phrases.length * EMBEDDING_MODEL.dimensions);
      for (const [row, { read }] of readings.entries()) {
        throwIfCancelled();
        if (read !== '') vectors.set(await embed(model, read), row * EMBEDDING_MODEL.dimensions);
      }
      return { readings, vectors };
    },
  },
  ({ vectors }) => [vectors.buffer],
);
