import * as ort from 'onnxruntime-node';
import type { Shown } from '../../../core/sample.ts';
import { sampleNames } from '../../../core/sample-names.ts';
import { MAX_POSITIONS, MAX_PROMPT_TOKENS, MAX_SCORES } from '../batch-limits.ts';
import { type Feeds, int64 } from '../model/feeds.ts';
import {
  completionScores,
  machineBytes,
  promptScores,
  requireMemory,
  trainingBytes,
  type Work,
} from '../model/memory.ts';
import { type GraphRun, type PolicyModel, type PromptedVideo, shapeOf } from '../model/model.ts';
import { byShape } from '../model/model-layout.ts';

/** A video with the completions that are scored or learnt together. */
export interface ScoredClip<C extends { tokenIds: readonly number[] }> extends Shown {
  completions: readonly C[];
}

/**
 * B videos of one shape, prompts included, with G completions each, padded to L tokens with the end token: what a graph
 * computes at once.
 */
export interface MicroBatch<C> {
  /** Of the prompt and of `completion_ids` `[B, G, L]`. */
  feeds: Feeds;
  shape: readonly [videos: number, completions: number, length: number];
  /** `[B][G]`. */
  completions: readonly (readonly C[])[];
  /** `samples a, b`. */
  names: string;
  /** The memory that its gradients take. */
  bytes: number;
}

/**
 * Splits clips and their completions into micro-batches: a function of their order, shapes and lengths alone.
 * @param bytes the memory that one of them may take.
 * @throws VideocapError `InvalidInput` naming the samples of one that takes more.
 */
export function microBatches<C extends { tokenIds: readonly number[]; sampleId: string }>(
  model: PolicyModel,
  clips: readonly ScoredClip<C>[],
  bytes = machineBytes(),
): MicroBatch<C>[] {
  const parts = clips.flatMap(({ completions, ...shown }) => {
    const video = model.prompted(shown);
    return pieces(completions, model.promptLength(video)).map((piece) => ({ video, completions: piece }));
  });
  return byShape(parts, ({ video }) => shapeOf(video)).flatMap((same) => {
    const prompt = model.promptLength(same[0]!.video);
    const batches: (typeof same)[] = [];
    for (const part of same) {
      const open = batches.at(-1);
      if (open && fits([...open, part], prompt)) open.push(part);
      else batches.push([part]);
    }
    const needed = batches.map((batch) => {
      const work = workOf(batch, prompt);
      const taken = trainingBytes(model.folder.config, work);
      requireMemory(taken, bytes, `The update with ${namesOf(batch)}`, work);
      return taken;
    });
    return batches.map((batch, i) => ({ ...microBatch(model, batch), names: namesOf(batch), bytes: needed[i]! }));
  });
}

/** The positions of completion tokens that are not padding, as `[b, g, t]` and as an index into `[B, G, L]`. */
export function* tokensOf<C extends { tokenIds: readonly number[] }>(
  batch: MicroBatch<C>,
): Generator<{ completion: C; t: number; index: number }> {
  const [, group, length] = batch.shape;
  for (const [b, completions] of batch.completions.entries())
    for (const [g, completion] of completions.entries())
      for (let t = 0; t < completion.tokenIds.length; t++) yield { completion, t, index: (b * group + g) * length + t };
}

/** A number for every token of the batch, 0 for padding: `[B, G, L]`. */
export function perToken<C extends { tokenIds: readonly number[] }>(
  batch: MicroBatch<C>,
  value: (completion: C, t: number) => number,
): ort.Tensor {
  const [videos, group, length] = batch.shape;
  const data = new Float32Array(videos * group * length);
  for (const { completion, t, index } of tokensOf(batch)) data[index] = value(completion, t);
  return new ort.Tensor('float32', data, [videos, group, length]);
}

/** A graph's run on a micro-batch. `feeds`: what it takes besides the weights and the micro-batch itself. */
export function runOn<C>(
  { shape: [videos, group, length], bytes, feeds: own }: MicroBatch<C>,
  begun: () => void,
  feeds: () => Feeds,
): GraphRun {
  return { begun, feeds: () => ({ ...own, ...feeds() }), tokens: videos * group * length, bytes };
}

interface Part<C> {
  video: PromptedVideo;
  completions: readonly C[];
}

/** A group that is too large for one micro-batch, in pieces that are not. */
function pieces<C extends { tokenIds: readonly number[] }>(completions: readonly C[], prompt: number): C[][] {
  const found: C[][] = [];
  for (const completion of completions) {
    const open = found.at(-1);
    if (open && isSmall([...open, completion], prompt)) open.push(completion);
    else found.push([completion]);
  }
  return found;
}

function isSmall(completions: readonly { tokenIds: readonly number[] }[], prompt: number): boolean {
  const length = longest(completions);
  const scores = completionScores({ videos: 1, prompt, completions: completions.length, length });
  return completions.length * length <= MAX_POSITIONS && scores <= MAX_SCORES;
}

/** A batch is a rectangle, so its parts have equally many completions. */
function fits<C extends { tokenIds: readonly number[] }>(parts: readonly Part<C>[], prompt: number): boolean {
  if (parts.some(({ completions }) => completions.length !== parts[0]!.completions.length)) return false;
  const work = workOf(parts, prompt);
  return (
    work.videos * work.completions * work.length <= MAX_POSITIONS &&
    work.videos * prompt <= MAX_PROMPT_TOKENS &&
    completionScores(work) + promptScores(work) <= MAX_SCORES
  );
}

function workOf<C extends { tokenIds: readonly number[] }>(parts: readonly Part<C>[], prompt: number): Work {
  const { video, completions } = parts[0]!;
  const length = longest(parts.flatMap((part) => part.completions));
  return { videos: parts.length, grid: video.pixels.grid, prompt, completions: completions.length, length };
}

function longest(completions: readonly { tokenIds: readonly number[] }[]): number {
  return Math.max(...completions.map(({ tokenIds }) => tokenIds.length));
}

function namesOf(parts: readonly Part<{ sampleId: string }>[]): string {
  return sampleNames([...new Set(parts.flatMap(({ completions }) => completions.map(({ sampleId }) => sampleId)))]);
}

function microBatch<C extends { tokenIds: readonly number[] }>(
  model: PolicyModel,
  parts: Part<C>[],
): Omit<MicroBatch<C>, 'names' | 'bytes'> {
  const completions = parts.map((part) => part.completions);
  const length = Math.max(...completions.flat().map(({ tokenIds }) => tokenIds.length));
  const shape = [parts.length, completions[0]!.length, length] as const;
  // Padding must be a token that can be sampled: a suppressed one has a log-probability of -1e9, whose ratios overflow.
  const { endToken } = model.tokenizer;
  const ids = completions
    .flat()
    .flatMap(({ tokenIds }) => [...tokenIds, ...Array<number>(length - tokenIds.length).fill(endToken)]);
  const prompt = model.promptFeeds(
    parts.map(({ video }) => video),
    length,
  );
  return { feeds: { ...prompt, completion_ids: int64(ids, shape) }, shape, completions };
}
