import type { Dimensions } from './dimensions.ts';
import { countParameters } from './parameters.ts';
import type { StepWork } from './work.ts';

/** How a trainer goes about a step. Ours, and those that others have published times of, differ in these. */
export interface Practice {
  /** Copies of a prompt that a group's texts are scored behind: `groupSize` where prompts are not shared. */
  promptCopies: number;
  /** Passes without gradients over all texts: the reference's, and one for old log-probabilities if it is separate. */
  scoringPasses: number;
  /** Passes whose cost a backward pass has: 2, or 1 with adapters; and 1 more where activations are computed again. */
  backward: number;
  trainsVision: boolean;
  /** Texts that one GPU writes at a time. */
  sampledTogether: number;
  /** The least time that a token takes, however little there is to compute. */
  secondsPerToken: number;
}

export interface Machine {
  gpus: number;
  /** GPUs that sample: the same ones, or one of each rollout server. */
  samplers: number;
  /** Of a GPU, per second. */
  flops: number;
  bytes: number;
  /** Share of `flops` that training reaches. */
  mfu: number;
}

export interface StepCompute {
  /** Tokens that pass through the decoder once: the prompts as often as they are computed, and the texts. */
  tokens: number;
  flops: number;
  seconds: { sampling: number; update: number };
}

/** Share of the bandwidth that writing a token reaches, and of the peak that a prompt's pass reaches: our estimates. */
const BANDWIDTH_SHARE = 0.6;
const PREFILL_SHARE = 0.4;

/** Operations and seconds of a step: 2 for each parameter and token, and the attention's. The judge is not counted. */
export function stepCompute(model: Dimensions, work: StepWork, practice: Practice, machine: Machine): StepCompute {
  const { groups, groupSize, prompt, meanTokens, iterations } = work;
  const { decoder, head, embeddings } = countParameters(model);
  const copies = groups * practice.promptCopies;
  const texts = groups * groupSize;
  const tokens = copies * prompt + texts * meanTokens;
  const outputs = 2 * (head || embeddings) * texts * meanTokens;
  const attention =
    copies * attended(model, prompt ** 2 / 2) + texts * attended(model, meanTokens * (prompt + meanTokens / 2));
  const decoded = 2 * decoder * tokens + outputs + attention;
  const seen = copies * visionFlops(model, work);
  const passes = iterations * (1 + practice.backward);
  const learnt = passes * decoded + (practice.trainsVision ? passes : iterations) * seen;
  const flops = learnt + practice.scoringPasses * (decoded + seen);
  return {
    tokens,
    flops,
    seconds: {
      update: flops / (machine.gpus * machine.flops * machine.mfu),
      sampling: work.samples ? samplingSeconds(model, work, practice, machine) : 0,
    },
  };
}

/**
 * Every token reads the weights once for all texts that are written together, until the longest has ended, and the keys
 * and values of its own text.
 */
function samplingSeconds(model: Dimensions, work: StepWork, practice: Practice, machine: Machine): number {
  const { groups, parts = [groups], groupSize, prompt, meanTokens, mostTokens } = work;
  const { decoder, head, embeddings } = countParameters(model);
  const ownOf = (some: number) => (some * groupSize) / machine.samplers;
  const own = ownOf(groups);
  const batchesOf = (part: number) => Math.max(1, Math.ceil(ownOf(part) / practice.sampledTogether));
  const batches = parts.reduce((sum, part) => sum + batchesOf(part), 0);
  const bandwidth = machine.bytes * BANDWIDTH_SHARE;
  const perToken = Math.max((2 * (decoder + (head || embeddings))) / bandwidth, practice.secondsPerToken);
  const perPosition = 4 * model.layers * model.keyHeads * model.headDim;
  const cache = own * meanTokens * (prompt + meanTokens / 2) * perPosition;
  const prefill = groups * (2 * decoder * prompt + attended(model, prompt ** 2 / 2) + visionFlops(model, work));
  const prefillRate = machine.samplers * machine.flops * PREFILL_SHARE;
  return batches * mostTokens * perToken + cache / bandwidth + prefill / prefillRate;
}

/** Of so many pairs of positions: scores, and the sums that they weigh. */
function attended({ layers, heads, headDim }: Dimensions, pairs: number): number {
  return 4 * layers * heads * headDim * pairs;
}

/** Of one video. Attention is within a slice; windows of Qwen2.5-VL are not taken off. */
function visionFlops(model: Dimensions, { patches, slicePatches }: StepWork): number {
  const { vision } = model;
  return 2 * countParameters(model).vision * patches + 4 * vision.depth * vision.width * patches * slicePatches;
}
