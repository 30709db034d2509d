import type { TorchConfig } from '../torch/torch-config.ts';
import type { Dimensions } from './dimensions.ts';
import { adapterParameters, countParameters, decoderLayer } from './parameters.ts';
import type { StepWork } from './work.ts';

/** Bytes of one GPU, by kind. */
export type Bytes = Record<string, number>;

export interface TorchMemory {
  trained: number;
  /** While the ranks learn, and while they sample. Kinds that both have are equal. */
  update: Bytes;
  sampling: Bytes;
  /** Of the host, over all ranks, while they write or hash a checkpoint. */
  host: number;
  /** A checkpoint's files, and the steps from one to the next. */
  checkpoint: number;
  checkpointEvery: number;
  /** The model's own weights and those of the export, which with adapters is these alone. */
  stored: number;
  /** Of the folders that rollout servers load policies from. */
  handOver: number;
}

/** CUDA's context, NCCL's buffers, and what the allocator loses: our estimate. */
const OVERHEAD = 3e9;
/** Positions whose logits are in memory at once: `CHUNK` of `workers/torch/videocap_torch/engine/scores.py`. */
const LOGIT_CHUNK = 1024;
/**
 * Tensors that lie on the host at a time, while they are written or hashed: `THREADS` of `engine/shared_file.py`, and
 * of `engine/digest.py`.
 */
const TENSORS_ON_HOST = 8;
/** Policies that lie ready for rollout servers: `KEPT` of `policy/torch/vllm/hand-over-folder.ts`. */
const HANDED_OVER = 2;
/** Of a logit: once in bfloat16, and five times in float32 (scaled, normalised, exponential, product, gradient). */
const BYTES_PER_LOGIT = 22;

/**
 * What the torch engine keeps on a GPU, from its sources: everything is sharded over the ranks (FSDP2); trained
 * weights, gradients and both moments are float32, frozen weights and the reference have the section's `dtype`. A
 * micro-batch is one row of at most `tokensPerMicroBatch`, whose decoder layers keep their inputs alone.
 */
export function torchMemory(model: Dimensions, config: TorchConfig, work: StepWork): TorchMemory {
  const { ranks, lora } = config;
  const unit = unitOf(config);
  const { embeddings, head, vision, total } = countParameters(model);
  const trained = lora ? adapterParameters(model, lora.rank) : total - (config.freezeVision ? vision : 0);
  const frozen = lora ? total : total - trained;
  const shared: Bytes = {
    weights: (4 * trained + unit * frozen) / ranks,
    'gradients and moments': (12 * trained) / ranks,
    // Adapters are switched off in its place.
    reference: work.reference && !lora ? (unit * total) / ranks : 0,
  };
  // Two layers at a time, and the embeddings and the head for the whole pass; their gradients before they are reduced.
  const gathered = 2 * decoderLayer(model) + embeddings + head;
  const reduced = lora ? 0 : (unit + 4) * (decoderLayer(model) + embeddings + head);
  const checkpoint = lora ? 12 * trained : 12 * trained + unit * frozen;
  // Files that follow a recipe are written from a copy (`engine/files_beside.py`).
  const staged = !lora && config.checkpointEvery > 1 ? checkpoint : 0;
  return {
    trained,
    update: { ...shared, 'gathered layers': unit * gathered + reduced, ...batchBytes(model, config, work) },
    // The memory of rollout servers is theirs.
    sampling:
      work.samples && config.rollout.kind === 'local'
        ? {
            ...shared,
            'whole model': unit * total,
            'keys and values': unit * cacheNumbers(model, work),
            logits: 12 * work.groupSize * model.vocabulary,
            overhead: OVERHEAD,
          }
        : {},
    host: Math.min(2 * checkpoint, TENSORS_ON_HOST * 4 * embeddings) + staged,
    checkpoint,
    checkpointEvery: lora ? 1 : config.checkpointEvery,
    stored: unit * total + 4 * trained + (lora ? 0 : unit * frozen),
    handOver: handOverBytes(config, 4 * trained + (lora ? 0 : unit * frozen)),
  };
}

/** Adapters are copied; whole weights are links to stored files, or written for servers alone where there is none. */
function handOverBytes({ rollout, lora, checkpointEvery }: TorchConfig, weights: number): number {
  return rollout.kind === 'vllm' && (lora || checkpointEvery > 1) ? HANDED_OVER * weights : 0;
}

/** Bytes of a number in the section's `dtype`. */
function unitOf({ dtype }: Pick<TorchConfig, 'dtype'>): number {
  return dtype === 'bfloat16' ? 2 : 4;
}

export function sumOf(bytes: Bytes): number {
  return Object.values(bytes).reduce((sum, one) => sum + one, 0);
}

/** Tokens of the largest micro-batch: a prompt and one text at least, whatever the budget. */
export function microBatchTokens(config: TorchConfig, work: StepWork): number {
  const { prompt, mostTokens, groups, groupSize } = work;
  const own = Math.ceil(groups / config.ranks) * (prompt + groupSize * mostTokens);
  return Math.max(Math.min(config.tokensPerMicroBatch, own), prompt + mostTokens);
}

function batchBytes(model: Dimensions, config: TorchConfig, work: StepWork): Bytes {
  const { hidden, intermediate, heads, keyHeads, headDim, layers, vocabulary, vision } = model;
  const unit = unitOf(config);
  const tokens = microBatchTokens(config, work);
  const layer = tokens * (unit * (2 * (hidden + heads * headDim + keyHeads * headDim) + 4 * intermediate) + 8 * hidden);
  const inputs = unit * tokens * hidden * layers;
  const videos = Math.max(1, Math.floor(tokens / (work.prompt + work.mostTokens)));
  const patches = Math.min(videos, work.groups) * work.patches;
  // A block's activations: attention's in `dtype`, the network's in `dtype` and partly in float32.
  const block = patches * vision.width * (12 * unit + 8 * 4);
  const learnt = config.lora || config.freezeVision ? 0 : unit * patches * vision.width * vision.depth;
  return {
    activations: config.gradientCheckpointing ? inputs + layer : layer * layers,
    // Which position attends to which: a byte, and the bias that it becomes.
    'attention mask': tokens ** 2 * (1 + unit),
    vision: block + (config.gradientCheckpointing || learnt === 0 ? learnt : block * vision.depth),
    logits: Math.min(LOGIT_CHUNK, tokens) * vocabulary * BYTES_PER_LOGIT,
    overhead: OVERHEAD,
  };
}

/** Of one group, which is sampled at a time: a prompt's are repeated for each of its texts. */
function cacheNumbers({ layers, keyHeads, headDim }: Dimensions, work: StepWork): number {
  return 2 * layers * keyHeads * headDim * work.groupSize * (work.prompt + work.mostTokens);
}
