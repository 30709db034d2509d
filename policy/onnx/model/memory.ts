import { totalmem } from 'node:os';
import { VideocapError } from '../../../core/errors.ts';
import type { ModelConfig } from './model-config.ts';

/** What a graph computes at once: B videos with prompts, and G completions of each, padded to one length. */
export interface Work {
  videos: number;
  /** Of one video, as the vision tower sees it. */
  grid: { slices: number; rows: number; columns: number };
  /** Positions of one prompt, its video included. */
  prompt: number;
  /** Of one video. */
  completions: number;
  /** Positions of one completion. */
  length: number;
}

/** The sizes of a model that its memory depends on: a part of `ModelConfig`. */
export interface ModelSizes {
  text_config: Pick<
    ModelConfig['text_config'],
    | 'num_hidden_layers'
    | 'num_attention_heads'
    | 'num_key_value_heads'
    | 'hidden_size'
    | 'intermediate_size'
    | 'vocab_size'
  >;
  vision_config: Pick<ModelConfig['vision_config'], 'depth' | 'num_heads'>;
}

/** Attention scores of the completions, for one head: each position sees the prompt and its own completion. */
export function completionScores({ videos, prompt, completions, length }: Omit<Work, 'grid'>): number {
  return videos * completions * length * (prompt + length);
}

/** Attention scores of the prompts, for one head. */
export function promptScores({ videos, prompt }: Pick<Work, 'videos' | 'prompt'>): number {
  return videos * prompt ** 2;
}

/**
 * Bytes that a graph with gradients takes beside the weights. Scores grow with the square of the length, and are kept
 * for every layer: what a long text costs. Its constants are measured, with texts of 230 to 3700 tokens and prompts of
 * 50 to 1200 positions: it is right to 30%.
 */
export function trainingBytes({ text_config: text, vision_config: vision }: ModelSizes, work: Work): number {
  const { videos, prompt, completions, length, grid } = work;
  const [layers, depth] = [text.num_hidden_layers, vision.depth];
  const positions = videos * (prompt + completions * length);
  const patches = grid.rows * grid.columns;
  const scores = text.num_attention_heads * (completionScores(work) + promptScores(work)) * (3 * layers + 2);
  const towerScores = vision.num_heads * videos * grid.slices * patches ** 2 * (3 * depth + 2);
  const hidden = positions * layers * (10 * text.hidden_size + 5 * text.intermediate_size);
  const logits = videos * completions * length * text.vocab_size * 6;
  return 4 * (scores + towerScores + hidden + logits);
}

/** Bytes that sampling takes beside the weights: the prompts' scores layer by layer, then keys and values of all. */
export function samplingBytes({ text_config: text, vision_config: vision }: ModelSizes, work: Work): number {
  const { videos, prompt, completions, length, grid } = work;
  const patches = grid.rows * grid.columns;
  const headDim = text.hidden_size / text.num_attention_heads;
  const prefill = 3 * text.num_attention_heads * promptScores(work);
  const tower = 3 * vision.num_heads * videos * grid.slices * patches ** 2;
  const positions = videos * (prompt + completions * length);
  // Each token's graph takes the old keys and values and gives the new ones.
  const cache = 2 * positions * text.num_hidden_layers * 2 * text.num_key_value_heads * headDim;
  const logits = videos * completions * text.vocab_size;
  return 4 * (Math.max(prefill, tower) + cache + logits);
}

/** The most bytes that this process can have: the machine's, or fewer where the system limits the process. */
export function machineBytes(): number {
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  return Math.min(totalmem(), limit);
}

/**
 * Found before a graph runs, since a process that takes more memory than there is dies without a message.
 * @param what is computed, with its samples: `The update with sample a`.
 * @throws VideocapError `InvalidInput`.
 */
export function requireMemory(needed: number, available: number, what: string, { prompt, length }: Work): void {
  if (needed <= available) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0);
  throw new VideocapError(
    'InvalidInput',
    `${what} needs about ${gigabytes(needed)} GB of memory, and the machine has ${gigabytes(available)} GB: its ` +
      `prompt has ${prompt} tokens with the video, and its longest text ${length}. Shorten the text ` +
      '(dataset.maxReferenceTokens, sampling.maxNewTokens), show fewer or smaller frames (frames), or use a machine ' +
      'with more memory.',
  );
}
