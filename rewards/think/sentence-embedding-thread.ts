import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '@huggingface/tokenizers';
import * as ort from 'onnxruntime-node';
import { VideocapError } from '../../core/errors.ts';
import { EMBEDDING_MODEL, readModelFile } from './embedding-model.ts';

/** The thread that embeds: `onnxruntime` blocks the event loop it runs on, so it must not be the one that heartbeats. */

export interface EmbedRequest {
  id: number;
  phrases: string[];
}
export type EmbedResponse =
  | { id: number /** `[phrases, dimensions]`, each row of length 1. */; vectors: Float32Array<ArrayBuffer> }
  | { id: number; failure: { code?: VideocapError['code']; message: string } };

const folder = (workerData as { folder: string }).folder;
let loading: ReturnType<typeof load> | undefined;

async function load() {
  const tokenizerJson = JSON.parse(readModelFile(folder, 'tokenizer.json').toString('utf8'));
  const session = await ort.InferenceSession.create(readModelFile(folder, 'model.onnx'), {
    // One thread: a phrase takes milliseconds, and the policy wants the cores.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
  });
  return { tokenizer: new Tokenizer(tokenizerJson, {}), session };
}

/**
 * One phrase at a time: the model is quantised by the range of whatever is in its batch, so in a batch the embedding of a
 * phrase would depend on its neighbours. CLS pooling, as bge is trained.
 */
async function embed({ tokenizer, session }: Awaited<ReturnType<typeof load>>, phrase: string): Promise<Float32Array> {
  const { ids } = tokenizer.encode(phrase);
  const kept =
    ids.length <= EMBEDDING_MODEL.maxTokens ? ids : [...ids.slice(0, EMBEDDING_MODEL.maxTokens - 1), ids.at(-1)!];
  const tensor = (values: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, kept.length]);
  const output = await session.run({
    input_ids: tensor(kept),
    attention_mask: tensor(kept.map(() => 1)),
    token_type_ids: tensor(kept.map(() => 0)),
  });
  const cls = (output.last_hidden_state!.data as Float32Array).slice(0, EMBEDDING_MODEL.dimensions);
  const length = Math.hypot(...cls);
  return cls.map((x) => x / length);
}

async function answer({ id, phrases }: EmbedRequest): Promise<EmbedResponse> {
  try {
    loading ??= load();
    const model = await loading;
    const vectors = new Float32Array(phrases.length * EMBEDDING_MODEL.dimensions);
    for (const [row, phrase] of phrases.entries())
      vectors.set(await embed(model, phrase), row * EMBEDDING_MODEL.dimensions);
    return { id, vectors };
  } catch (error) {
    // A failed load is tried again at the next request: the file may have been put there meanwhile.
    loading = undefined;
    const { code, message } = error as VideocapError;
    return { id, failure: { message, ...(error instanceof VideocapError && { code }) } };
  }
}

let queue = Promise.resolve();
parentPort!.on('message', (request: EmbedRequest) => {
  queue = queue.then(async () => {
    const response = await answer(request);
    parentPort!.postMessage(response, 'vectors' in response ? [response.vectors.buffer] : []);
  });
});
