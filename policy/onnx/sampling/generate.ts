import * as ort from 'onnxruntime-node';
import type { SampledText } from '../../../core/completion.ts';
import type { ComputeOptions } from '../../../core/compute-options.ts';
import { VideocapError } from '../../../core/errors.ts';
import type { GenerateRequest, SampledGroup } from '../../../core/policy-engine.ts';
import { sampleNames } from '../../../core/sample-names.ts';
import { MAX_CACHED_TOKENS, MAX_PROMPT_TOKENS, MAX_SEQUENCES } from '../batch-limits.ts';
import { type Feeds, floats, int64 } from '../model/feeds.ts';
import { machineBytes, requireMemory, samplingBytes, type Work } from '../model/memory.ts';
import { type PolicyModel, type PromptedVideo, shapeOf } from '../model/model.ts';
import { byShape, chunks } from '../model/model-layout.ts';
import type { Weights } from '../model/weights.ts';
import { CompletionCache } from './completion-cache.ts';
import { filterLogits } from './filter-logits.ts';
import { bestToken, type Draw, drawBest, drawToken, logProbability, type SamplingRule } from './sampler.ts';
import { tokenUniformAt } from './token-uniform.ts';

/** The graphs that sampling runs. */
export const SAMPLING_GRAPHS = ['prefill', 'decode'];

export type GenerateOptions = Omit<GenerateRequest, 'engine' | 'policy' | 'prompt'>;

interface Clip {
  index: number;
  sampleId: string;
  video: PromptedVideo;
}

/**
 * `groupSize` completions of every clip, in the order of the clips. Prompt and video are computed once a clip;
 * completions of a group, and of clips of the same shape, are decoded together.
 */
export async function generate(
  model: PolicyModel,
  weights: Weights,
  options: GenerateOptions,
  computation: ComputeOptions,
): Promise<SampledGroup[]> {
  const clips = options.clips.map(({ sampleId, ...shown }, index) => ({
    index,
    sampleId,
    video: model.prompted(shown),
  }));
  const groups: SampledGroup[] = clips.map(({ sampleId }) => ({ sampleId, completions: [] }));
  const total = clips.length * options.groupSize;
  let done = 0;
  for (const { clips: some, from, count } of batches(model, clips, options)) {
    const decoding = new Decoding(model, weights, some, { ...options, groupSize: count }, from);
    const on = sampleNames(some.map(({ sampleId }) => sampleId));
    while (!decoding.finished) {
      computation.throwIfCancelled();
      computation.progress({ done: done + decoding.ended, total, what: 'completions written', on });
      await decoding.next();
    }
    for (const [i, completions] of decoding.completions().entries())
      groups[some[i]!.index]!.completions.push(...completions);
    done += some.length * count;
    computation.progress({ done, total, what: 'completions written', on });
  }
  return groups;
}

/** Clips of one shape, of whose groups the completions from `from` on are written, `count` of each. */
interface Batch {
  clips: Clip[];
  from: number;
  count: number;
}

/** In order, within the limits: a group is split only where its completions alone could exceed them. */
function batches(model: PolicyModel, clips: readonly Clip[], options: GenerateOptions): Batch[] {
  const { groupSize, maxNewTokens } = options;
  const sequences = Math.max(1, Math.floor(MAX_CACHED_TOKENS / maxNewTokens));
  const starts = Array.from({ length: Math.ceil(groupSize / sequences) }, (_, i) => i * sequences);
  return byShape(clips, ({ video }) => shapeOf(video)).flatMap((same) => {
    const prompt = model.promptLength(same[0]!.video);
    const perPrompt = Math.floor(MAX_PROMPT_TOKENS / prompt);
    const together = Math.floor(Math.min(MAX_SEQUENCES, sequences) / groupSize);
    const parts = chunks(same, Math.max(1, Math.min(perPrompt, together)));
    return parts.flatMap((some) =>
      starts.map((from) => {
        const count = Math.min(sequences, groupSize - from);
        requireFits(model, some, { prompt, completions: count, length: maxNewTokens });
        return { clips: some, from, count };
      }),
    );
  });
}

function requireFits(model: PolicyModel, clips: readonly Clip[], lengths: Omit<Work, 'videos' | 'grid'>): void {
  const work = { ...lengths, videos: clips.length, grid: clips[0]!.video.pixels.grid };
  const what = `Sampling for ${sampleNames(clips.map(({ sampleId }) => sampleId))}`;
  requireMemory(samplingBytes(model.folder.config, work), machineBytes(), what, work);
}

/** A batch of clips being written about: `[B, G]` completions that grow by a token at a time. */
class Decoding {
  readonly #model: PolicyModel;
  readonly #weights: Weights;
  readonly #clips: readonly Clip[];
  readonly #options: GenerateOptions;
  readonly #tokens: number[][];
  readonly #logProbs: number[][];
  /** Under the policy alone; empty where they are `#logProbs`. */
  readonly #policyLogProbs: number[][];
  readonly #ended: boolean[];
  readonly #tables: { cos: Float32Array; sin: Float32Array };
  /** The place in its group of each clip's first completion. */
  readonly #from: number;
  /** Keys and values of the prompts, and of the completions so far. */
  readonly #prompt: Feeds = {};
  readonly #cache: CompletionCache;
  #length = 0;

  constructor(model: PolicyModel, weights: Weights, clips: readonly Clip[], options: GenerateOptions, from: number) {
    this.#model = model;
    this.#from = from;
    this.#weights = weights;
    this.#clips = clips;
    this.#options = options;
    const sequences = clips.length * options.groupSize;
    this.#tokens = Array.from({ length: sequences }, () => []);
    this.#logProbs = Array.from({ length: sequences }, () => []);
    this.#policyLogProbs = Array.from({ length: sequences }, () => []);
    this.#ended = Array<boolean>(sequences).fill(false);
    this.#tables = model.decoderTables(clips[0]!.video, options.maxNewTokens);
    const { layers, keyHeads, headDim } = model;
    const capacity = options.maxNewTokens;
    this.#cache = new CompletionCache({
      ...{ layers, keyHeads, headDim, capacity },
      sequences: [clips.length, options.groupSize],
    });
  }

  get ended(): number {
    return this.#ended.filter(Boolean).length;
  }

  get finished(): boolean {
    return this.#length === this.#options.maxNewTokens || this.#ended.every(Boolean);
  }

  /** Writes one more token of every completion that has not ended. */
  async next(): Promise<void> {
    const { groupSize } = this.#options;
    if (this.#length === 0) {
      const logits = await this.#prefill();
      this.#choose((sequence) => Math.floor(sequence / groupSize), logits);
    } else this.#choose((sequence) => sequence, await this.#decode());
    this.#length += 1;
  }

  completions(): SampledText[][] {
    const { groupSize } = this.#options;
    return this.#clips.map((_, clip) =>
      Array.from({ length: groupSize }, (_, g) => {
        const sequence = clip * groupSize + g;
        const tokenIds = this.#tokens[sequence]!;
        return {
          text: this.#model.tokenizer.decode(tokenIds),
          tokenIds,
          logProbs: this.#logProbs[sequence]!,
          ...(this.#isFilteredSampling && { policyLogProbs: this.#policyLogProbs[sequence]! }),
          truncated: !this.#ended[sequence],
        };
      }),
    );
  }

  /** Logits `[B, V]` of the first token. */
  async #prefill(): Promise<Float32Array> {
    const feeds = this.#model.promptFeeds(
      this.#clips.map(({ video }) => video),
      0,
    );
    const output = await this.#model.run('prefill', { ...this.#weights.feeds, ...feeds });
    for (let layer = 0; layer < this.#model.layers; layer++)
      for (const part of ['k', 'v']) this.#prompt[`prompt_${part}.${layer}`] = output[`${part}.${layer}`]!;
    return floats(output.logits);
  }

  /** Logits `[B, G, V]` of the token after the last ones. */
  async #decode(): Promise<Float32Array> {
    const { headDim, tokenizer } = this.#model;
    const at = this.#tables.cos.length / headDim - this.#options.maxNewTokens + this.#length - 1;
    const row = (table: Float32Array) =>
      new ort.Tensor('float32', table.slice(at * headDim, (at + 1) * headDim), [1, headDim]);
    const last = this.#tokens.map((tokens, sequence) => (this.#ended[sequence] ? tokenizer.endToken : tokens.at(-1)!));
    const feeds = {
      ...this.#weights.feeds,
      input_ids: int64(last, [this.#clips.length, this.#options.groupSize]),
      cos: row(this.#tables.cos),
      sin: row(this.#tables.sin),
      ...this.#prompt,
      ...this.#cache.past,
    };
    const { logits } = await this.#model.run('decode', feeds, this.#cache.next);
    this.#cache.advance();
    return floats(logits);
  }

  #choose(rowOf: (sequence: number) => number, logits: Float32Array): void {
    const { vocabulary, tokenizer } = this.#model;
    for (const [sequence, tokens] of this.#tokens.entries()) {
      if (this.#ended[sequence]) continue;
      const row = rowOf(sequence);
      const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
      const { token, logProb } = this.#named(sequence, () => this.#draw(sequence, this.#filtered(sequence, own)));
      tokens.push(token);
      this.#logProbs[sequence]!.push(logProb);
      if (this.#isFilteredSampling) this.#policyLogProbs[sequence]!.push(logProbability(own, this.#rule, token));
      this.#ended[sequence] = token === tokenizer.endToken;
    }
  }

  /** Names the sample where the policy leaves nothing to choose. */
  #named<T>(sequence: number, choose: () => T): T {
    try {
      return choose();
    } catch (error) {
      if (!(error instanceof VideocapError && error.code === 'Diverged')) throw error;
      const { sampleId } = this.#clips[Math.floor(sequence / this.#options.groupSize)]!;
      throw new VideocapError('Diverged', `Sample ${sampleId}: ${error.message}`, { cause: error });
    }
  }

  #draw(sequence: number, logits: Float32Array): Draw {
    const { sampling, groupSize } = this.#options;
    const { suppressed } = this.#model;
    if (!sampling) return drawBest(logits, suppressed);
    const { sampleId } = this.#clips[Math.floor(sequence / groupSize)]!;
    const { seed, path } = sampling;
    return drawToken(
      logits,
      this.#rule,
      tokenUniformAt(seed, [...path, sampleId, this.#from + (sequence % groupSize), this.#length]),
    );
  }

  /** The logits that a token is chosen by. */
  #filtered(sequence: number, logits: Float32Array): Float32Array {
    const { filters, groupSize } = this.#options;
    if (!filters) return logits;
    bestToken(logits, this.#model.suppressed); // throws if the policy has diverged
    const { prefix, suffix } = this.#clips[Math.floor(sequence / groupSize)]!.video.prompt;
    return filterLogits(logits, { ...filters, ...this.#rule }, [...prefix, ...suffix, ...this.#tokens[sequence]!]);
  }

  get #rule(): SamplingRule {
    return { temperature: this.#options.sampling?.temperature ?? 0, suppressed: this.#model.suppressed };
  }

  get #isFilteredSampling(): boolean {
    return this.#options.sampling !== undefined && this.#options.filters !== undefined;
  }
}
