import * as ort from 'onnxruntime-node';
import { VideocapError } from '../../../core/errors.ts';
import type { Shown } from '../../../core/sample.ts';
import { runNative } from '../../../core/thread-server.ts';
import { PolicyTokenizer, type Prompt } from '../../model/tokenizer.ts';
import { type Feeds, int64, scalar } from './feeds.ts';
import { graphPath, type ModelFolder, openModelFolder, readGraph } from './model-folder.ts';
import { decoderTables, positionIds, videoTokens, visionTables } from './rope.ts';
import { type PixelValues, pixelValues } from './video-processor.ts';
import type { Weights } from './weights.ts';

/** A video and the tokens around it. */
export interface PromptedVideo {
  pixels: PixelValues;
  prompt: Prompt;
}

/** Only what is equal in all of these fits into a batch: positions are those of the batch. */
export function shapeOf({ pixels: { grid }, prompt: { prefix, suffix } }: PromptedVideo): number[] {
  return [grid.slices, grid.rows, grid.columns, prefix.length, suffix.length];
}

/** One of several inputs that a graph is run on. */
export interface GraphRun {
  /** Called when its turn comes. */
  begun(): void;
  /** What the graph takes besides the weights. */
  feeds(): Feeds;
  /** Of completions. */
  tokens: number;
  /** The memory that it takes. */
  bytes: number;
}

/** A model ready to compute: its tokenizer, and its graphs, each loaded when it is first run. */
export class PolicyModel {
  /** As the config names it. */
  readonly name: string;
  readonly folder: ModelFolder;
  readonly threads: number;
  readonly tokenizer: PolicyTokenizer;
  /** 1 for every token id that is never sampled. */
  readonly suppressed: Uint8Array;
  readonly #sessions = new Map<string, Promise<ort.InferenceSession>>();

  /** @throws VideocapError `InvalidModel`. */
  constructor(name: string, threads: number) {
    this.name = name;
    this.folder = openModelFolder(name);
    this.threads = threads;
    this.tokenizer = new PolicyTokenizer(this.folder.path);
    this.suppressed = this.tokenizer.suppressed(this.vocabulary);
  }

  get vocabulary(): number {
    return this.folder.config.text_config.vocab_size;
  }

  get layers(): number {
    return this.folder.config.text_config.num_hidden_layers;
  }

  get keyHeads(): number {
    return this.folder.config.text_config.num_key_value_heads;
  }

  get headDim(): number {
    const { hidden_size, num_attention_heads } = this.folder.config.text_config;
    return hidden_size / num_attention_heads;
  }

  /** What a graph takes for a video. Throws `InvalidInput` for a prompt with a special token. */
  prompted({ frames, prompt }: Shown): PromptedVideo {
    return { pixels: pixelValues(frames, this.folder.processor), prompt: this.tokenizer.prompt(prompt) };
  }

  /** Positions of the prompt with its video. */
  promptLength({ pixels, prompt: { prefix, suffix } }: PromptedVideo): number {
    return prefix.length + videoTokens(pixels.grid, this.folder.processor.mergeSize) + suffix.length;
  }

  /** Rotary tables of the prompt and `after` positions of completion: `[S + after, head dimension]`. */
  decoderTables({ pixels: { grid }, prompt: { prefix, suffix } }: PromptedVideo, after: number) {
    const { rope_theta: theta, mrope_section: sections } = this.folder.config.text_config.rope_parameters;
    const positions = positionIds(prefix.length, grid, suffix.length + after, this.folder.processor.mergeSize);
    return decoderTables(positions, { headDim: this.headDim, theta, sections });
  }

  /**
   * What graphs that see videos take: B videos of one `shapeOf` with prompts, and tables for `after` positions more.
   */
  promptFeeds(videos: readonly PromptedVideo[], after: number): Feeds {
    const { grid, data } = videos[0]!.pixels;
    const patches = grid.rows * grid.columns;
    const pixels = new Float32Array(videos.length * data.length);
    for (const [i, video] of videos.entries()) pixels.set(video.pixels.data, i * data.length);
    const { embed_dim, num_heads } = this.folder.config.vision_config;
    const visionDim = embed_dim / num_heads;
    const vision = visionTables(grid, visionDim, this.folder.processor.mergeSize);
    const decoder = this.decoderTables(videos[0]!, after);
    const positions = decoder.cos.length / this.headDim;
    const ids = (part: keyof Prompt) =>
      int64(
        videos.flatMap(({ prompt }) => prompt[part]),
        [videos.length, videos[0]!.prompt[part].length],
      );
    return {
      pixel_values: new ort.Tensor('float32', pixels, [
        videos.length,
        grid.slices,
        patches,
        data.length / grid.slices / patches,
      ]),
      vision_cos: new ort.Tensor('float32', vision.cos, [patches, visionDim]),
      vision_sin: new ort.Tensor('float32', vision.sin, [patches, visionDim]),
      prefix_ids: ids('prefix'),
      suffix_ids: ids('suffix'),
      cos: new ort.Tensor('float32', decoder.cos, [positions, this.headDim]),
      sin: new ort.Tensor('float32', decoder.sin, [positions, this.headDim]),
    };
  }

  /** Temperature and suppressed tokens, as the graphs that score completions take them. */
  samplingFeeds(temperature: number): Feeds {
    const suppress = Float32Array.from(this.suppressed, (is) => (is === 1 ? -1e9 : 0));
    return { temperature: scalar(temperature), suppress: new ort.Tensor('float32', suppress, [this.vocabulary]) };
  }

  /**
   * Checks that the model has some graphs, before hours of work need them.
   * @param user who needs them, for the error: `algorithm grpo`.
   * @throws VideocapError `InvalidModel` naming the graph, its user and the remedy.
   */
  requireGraphs(graphs: readonly string[], user: string): void {
    for (const graph of graphs) graphPath(this.folder, graph, user);
  }

  /** @param into tensors that outputs of their names are written to; others are allocated. */
  async run(graph: string, feeds: Feeds, into: Feeds = {}): Promise<Readonly<Record<string, ort.Tensor>>> {
    let session = this.#sessions.get(graph);
    if (!session) {
      session = this.#load(graph);
      this.#sessions.set(graph, session);
    }
    const loaded = await session;
    const outputs = Object.fromEntries(loaded.outputNames.map((name) => [name, into[name] ?? null]));
    return runNative(() => loaded.run(feeds, outputs) as Promise<Record<string, ort.Tensor>>);
  }

  /**
   * Runs a graph with some weights on each of several inputs; gives the outputs in the order of the inputs.
   * @param into as `run` takes it, for outputs that are used up before the next ones are asked for.
   */
  async *runEach(
    graph: string,
    weights: Weights,
    runs: readonly GraphRun[],
    into: () => Feeds = () => ({}),
  ): AsyncGenerator<Readonly<Record<string, ort.Tensor>>> {
    for (const { begun, feeds } of runs) {
      begun();
      yield await this.run(graph, { ...weights.feeds, ...feeds() }, into());
    }
  }

  /** Frees the graphs' memory. */
  async dispose(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    for (const session of sessions) if (session.status === 'fulfilled') await session.value.release();
  }

  async #load(graph: string): Promise<ort.InferenceSession> {
    return ort.InferenceSession.create(readGraph(this.folder, graph, 'the onnx engine'), {
      intraOpNumThreads: this.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // Shapes change with every batch, so a remembered memory layout would only hold the largest of each.
      enableMemPattern: false,
      // Threads that wait by spinning keep cores from other threads, which doubled the total time here.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    }).catch((cause) => {
      this.#sessions.delete(graph);
      const message =
        `Graph ${graph}.onnx of model "${this.folder.name}" does not load; run \`npm run model:build\`: ` +
        `${cause.message}`;
      throw new VideocapError('InvalidModel', message, { cause });
    });
  }
}
