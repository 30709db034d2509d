import type * as ort from 'onnxruntime-node';
import type { ComputeOptions } from '../../../core/compute-options.ts';
import type { SampledGroup } from '../../../core/policy-engine.ts';
import type { Shown } from '../../../core/sample.ts';
import type { Feeds } from '../model/feeds.ts';
import { samplingBytes, type Work } from '../model/memory.ts';
import { type GraphRun, PolicyModel } from '../model/model.ts';
import { byShape } from '../model/model-layout.ts';
import type { Weights } from '../model/weights.ts';
import { type GenerateOptions, generate } from '../sampling/generate.ts';
import { deal } from './deal.ts';
import { KEPT_BY_LANE } from './lane-api.ts';
import { Lanes } from './lanes.ts';

/** Of a rollout or an update. With fewer, lanes save nothing: each has fewer sequences at once. */
const LEAST_TOKENS = 2048;
/** Lanes stand idle where runs differ in size: this share of them must compute. */
const LEAST_BUSY = 0.8;
/**
 * What lanes may take together, with the weights that they keep. Not a share of the machine's memory: whether a step is
 * computed in lanes decides how it rounds, and a run may continue on another machine.
 */
const MOST_BYTES = 2 ** 31;

/** A model whose work is shared out over lanes where it is large enough, and fits into memory side by side. */
export class LanedModel extends PolicyModel {
  readonly #lanes: Lanes | undefined;

  constructor(name: string, threads: number) {
    super(name, threads);
    if (threads > 1) this.#lanes = new Lanes(name, threads);
  }

  /** As the function of this name. */
  async generate(weights: Weights, options: GenerateOptions, computation: ComputeOptions): Promise<SampledGroup[]> {
    const { clips } = options;
    const parts = this.#lanes ? this.#partsOf(options, this.#lanes.count) : [];
    if (parts.length < 2) return generate(this, weights, options, computation);
    const ofLanes = parts.map((indices) => ({ ...options, clips: indices.map((i) => clips[i]!) }));
    const groups = await this.#lanes!.generate(weights, ofLanes, computation);
    const order = parts.flat();
    return clips.map((_, i) => groups[order.indexOf(i)]!);
  }

  override runEach(
    graph: string,
    weights: Weights,
    runs: readonly GraphRun[],
    into: () => Feeds,
  ): AsyncGenerator<Readonly<Record<string, ort.Tensor>>> {
    const lanes = this.#lanes;
    if (!lanes || !paysInLanes(runs, lanes.count)) return super.runEach(graph, weights, runs, into);
    const bytes = this.#weightBytes(lanes.count) + lanes.count * Math.max(...runs.map((run) => run.bytes));
    if (bytes <= MOST_BYTES) return lanes.runEach(graph, weights, runs);
    return super.runEach(graph, weights, runs, into);
  }

  override async dispose(): Promise<void> {
    await this.#lanes?.close();
    await super.dispose();
  }

  #weightBytes(lanes: number): number {
    const sizes = this.folder.parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    return 4 * lanes * KEPT_BY_LANE * sizes.reduce((sum, each) => sum + each, 0);
  }

  /** The indices of each lane's clips; none where lanes do not pay, or do not fit into memory. */
  #partsOf({ clips, groupSize, maxNewTokens }: GenerateOptions, lanes: number): number[][] {
    if (clips.length * groupSize * maxNewTokens < LEAST_TOKENS) return [];
    const prompts = clips.map((clip) => this.#promptOf(clip));
    const lengths = { videos: 1, completions: groupSize, length: maxNewTokens };
    const bytes = prompts.map((prompt) => samplingBytes(this.folder.config, { ...lengths, ...prompt }));
    if (this.#weightBytes(lanes) + bytes.reduce((sum, each) => sum + each, 0) > MOST_BYTES) return [];
    const same = byShape([...clips.keys()], (i) => prompts[i]!.shape);
    return deal(same, lanes);
  }

  /** Of a clip, before its pixels are read. */
  #promptOf({ frames, prompt }: Shown): Pick<Work, 'grid' | 'prompt'> & { shape: number[] } {
    const [count, height, width] = frames.shape;
    const { patchSize, mergeSize, temporalPatchSize } = this.folder.processor;
    const grid = { slices: Math.ceil(count / temporalPatchSize), rows: height / patchSize, columns: width / patchSize };
    const { prefix, suffix } = this.tokenizer.prompt(prompt);
    const [before, after] = [prefix.length, suffix.length];
    const seen = (grid.slices * grid.rows * grid.columns) / mergeSize ** 2;
    return { grid, prompt: before + seen + after, shape: [grid.slices, grid.rows, grid.columns, before, after] };
  }
}

/** Whether runs, dealt to lanes in turns, keep them busy. */
export function paysInLanes(runs: readonly Pick<GraphRun, 'tokens'>[], lanes: number): boolean {
  const used = Math.min(lanes, runs.length);
  if (used < 2) return false;
  const loads = Array.from({ length: used }, (_, lane) =>
    runs.filter((_, i) => i % used === lane).reduce((sum, { tokens }) => sum + tokens, 0),
  );
  const total = loads.reduce((sum, load) => sum + load, 0);
  return total >= LEAST_TOKENS && total >= LEAST_BUSY * used * Math.max(...loads);
}
