import { Tokenizer } from '@huggingface/tokenizers';
import * as ort from 'onnxruntime-node';
import { runNative } from '../../core/thread-server.ts';
import { withinTime } from '../../core/within-time.ts';
import { type EmbeddingFiles, type ModelSource, readEmbeddingFiles, unusable } from './embedding-files.ts';
import { EMBEDDING_MODEL } from './embedding-model.ts';
import { knownWords } from './known-words.ts';

/** Milliseconds for making a tokenizer; one of 250,000 tokens takes some seconds. */
const TO_LOAD = 60_000;
/** Milliseconds for one text, which takes a few. */
const FOR_A_TEXT = 5000;
/** What graphs of sentence embeddings take. */
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'];
/** How exporters call the embedding of the whole text. */
const SENTENCE = 'sentence_embedding';

/** A model that is ready: which words it knows, and the embedding of a text. */
export class EmbeddingSession {
  readonly sha256: string;
  readonly #folder: string;
  readonly #pooling: EmbeddingFiles['pooling'];
  readonly #tokenizer: Tokenizer;
  readonly #graph: ort.InferenceSession;
  readonly #isKnown: (word: string) => boolean;

  private constructor(folder: string, files: EmbeddingFiles, tokenizer: Tokenizer, graph: ort.InferenceSession) {
    this.#folder = folder;
    this.sha256 = files.sha256;
    this.#pooling = files.pooling;
    this.#tokenizer = tokenizer;
    this.#graph = graph;
    this.#isKnown = this.#tokenizing(() => knownWords(tokenizer, files.tokenizer), TO_LOAD);
  }

  /** @throws VideocapError `InvalidModel`; of the installed model `MissingTool`, `CorruptArtifact`. */
  static async open(source: ModelSource): Promise<EmbeddingSession> {
    const { folder } = source;
    const files = readEmbeddingFiles(source);
    const { tokenizer: json, tokenizerConfig } = files;
    const late = () => unusable(folder, `its tokenizer takes more than ${TO_LOAD / 1000} s to make`);
    const tokenizer = refusing(folder, 'its tokenizer.json is no tokenizer', () =>
      withinTime(TO_LOAD, () => new Tokenizer(json, tokenizerConfig), late),
    );
    // The bytes, not the path: a graph could name other files.
    const graph = await ort.InferenceSession.create(files.onnx, {
      // One thread: a phrase takes milliseconds, and the policy wants the cores.
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableCpuMemArena: false,
    }).catch((error: Error) => {
      throw unusable(folder, `onnxruntime does not open its graph (${oneLine(error.message)})`, error);
    });
    const other = graph.inputNames.find((name) => !INPUTS.includes(name));
    if (other !== undefined) throw unusable(folder, `its graph takes "${other}", which no text has`);
    return new EmbeddingSession(folder, files, tokenizer, graph);
  }

  isKnown(word: string): boolean {
    return this.#tokenizing(() => this.#isKnown(word));
  }

  /**
   * Of length 1. One text at a time: a quantised model depends on the range of its batch, so in a batch the embedding
   * of a phrase would depend on its neighbours.
   */
  embed(text: string): Promise<Float32Array> {
    return this.#compute(this.#tokens(text));
  }

  /** @throws VideocapError `InvalidModel` where tokenizer or graph do not work. */
  async check(): Promise<void> {
    this.#tokens('a red circle');
    // Any token: the model need not know English.
    await this.#compute([0]);
  }

  /** Without parts of the text that the tokenizer has no token for. */
  #tokens(text: string): number[] {
    return this.#tokenizing(() => this.#tokenizer.encode(text).ids).filter((id: unknown) => Number.isSafeInteger(id));
  }

  async #compute(ids: readonly number[]): Promise<Float32Array> {
    const { maxTokens } = EMBEDDING_MODEL;
    const kept = ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - 1), ids.at(-1)!];
    const whole = (values: readonly number[]) =>
      new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
    const all = {
      input_ids: whole(kept),
      attention_mask: whole(kept.map(() => 1)),
      token_type_ids: whole(kept.map(() => 0)),
    };
    const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => this.#graph.inputNames.includes(name)));
    const output = await runNative(() => this.#graph.run(feeds)).catch((error: Error) => {
      throw unusable(this.#folder, `its graph fails on a text (${oneLine(error.message)})`, error);
    });
    const vector = this.#pooled(output, kept.length);
    const length = Math.hypot(...vector);
    if (!(length > 0 && Number.isFinite(length)))
      throw unusable(this.#folder, 'its embedding of a text is no direction');
    return vector.map((x) => x / length);
  }

  #pooled(output: ort.InferenceSession.OnnxValueMapType, tokens: number): Float32Array {
    const tensor = output[SENTENCE] ?? output[this.#graph.outputNames[0]!];
    const { dims = [], data } = (tensor ?? {}) as Partial<ort.Tensor>;
    if (!(data instanceof Float32Array)) throw unusable(this.#folder, 'its first output has no numbers of 32 bits');
    if (dims.length === 2 && dims[0] === 1) return data.slice();
    if (dims.length !== 3 || dims[0] !== 1 || dims[1] !== tokens)
      throw unusable(
        this.#folder,
        `its first output has the shape [${dims}], not [1, tokens, numbers] or [1, numbers]`,
      );
    const numbers = dims[2]!;
    if (this.#pooling === 'cls') return data.slice(0, numbers);
    const sum = new Float32Array(numbers);
    for (let i = 0; i < data.length; i++) sum[i % numbers]! += data[i]!;
    return sum;
  }

  #tokenizing<T>(compute: () => T, time = FOR_A_TEXT): T {
    const late = () => unusable(this.#folder, `its tokenizer takes more than ${time / 1000} s for a text`);
    return refusing(this.#folder, 'its tokenizer fails on a text', () => withinTime(time, compute, late));
  }
}

/** What the libraries throw at a wrong file is the file's fault. */
function refusing<T>(folder: string, fault: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if ((error as Error).name === 'VideocapError') throw error;
    throw unusable(folder, `${fault} (${oneLine((error as Error).message)})`, error);
  }
}

const LONGEST = 200;
const oneLine = (message: string) => message.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST);
