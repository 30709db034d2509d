import {
  MAX_CACHED_TOKENS,
  MAX_POSITIONS,
  MAX_PROMPT_TOKENS,
  MAX_SCORES,
  MAX_SEQUENCES,
} from '../onnx/batch-limits.ts';
import {
  completionScores,
  type ModelSizes,
  promptScores,
  samplingBytes,
  trainingBytes,
  type Work,
} from '../onnx/model/memory.ts';
import type { Dimensions } from './dimensions.ts';
import { countParameters } from './parameters.ts';
import type { Bytes } from './torch-memory.ts';
import type { StepWork } from './work.ts';

/** Node, ONNX Runtime, and the graphs that they have opened: our estimate. */
const OVERHEAD = 0.5e9;

/**
 * What the embedded engine keeps in the machine's memory: all in float32, and the batches that it makes of texts that
 * are as long as they may be. `memory.ts` has the estimates of its graphs.
 */
export function onnxMemory(model: Dimensions, work: StepWork): { update: Bytes; sampling: Bytes } {
  const parameters = countParameters(model).total;
  const modelSizes = asModelSizes(model);
  const shared: Bytes = {
    weights: 4 * parameters,
    'gradients and moments': 12 * parameters,
    reference: work.reference ? 4 * parameters : 0,
  };
  return {
    update: { ...shared, activations: trainingBytes(modelSizes, updateWork(work)), overhead: OVERHEAD },
    sampling: work.samples
      ? { ...shared, 'keys, values and scores': samplingBytes(modelSizes, samplingWork(work)), overhead: OVERHEAD }
      : {},
  };
}

/** The largest micro-batch that `micro-batch.ts` makes of these texts. */
export function updateWork(work: StepWork): Work {
  const { prompt, groups, groupSize, mostTokens: length } = work;
  const scores = completionScores({ videos: 1, prompt, completions: 1, length });
  const completions = atLeastOne(Math.min(groupSize, MAX_POSITIONS / length, MAX_SCORES / scores));
  const ofOne = completions * scores + promptScores({ videos: 1, prompt });
  const videos = Math.min(groups, MAX_POSITIONS / (completions * length), MAX_PROMPT_TOKENS / prompt);
  return { ...sizes(work), videos: atLeastOne(Math.min(videos, MAX_SCORES / ofOne)), completions };
}

/** The largest batch that `generate.ts` makes. */
export function samplingWork(work: StepWork): Work {
  const { prompt, groups, parts = [groups], groupSize, mostTokens } = work;
  const sequences = atLeastOne(MAX_CACHED_TOKENS / mostTokens);
  const completions = Math.min(sequences, groupSize);
  const together = Math.min(
    Math.max(...parts),
    MAX_PROMPT_TOKENS / prompt,
    Math.min(MAX_SEQUENCES, sequences) / groupSize,
  );
  return { ...sizes(work), videos: atLeastOne(together), completions };
}

function sizes({ prompt, patches, slicePatches, mostTokens }: StepWork) {
  // Only the product of rows and columns counts.
  const grid = { slices: patches / slicePatches, rows: slicePatches, columns: 1 };
  return { grid, prompt, length: mostTokens };
}

function asModelSizes({ vision, ...text }: Dimensions): ModelSizes {
  return {
    text_config: {
      num_hidden_layers: text.layers,
      num_attention_heads: text.heads,
      num_key_value_heads: text.keyHeads,
      hidden_size: text.hidden,
      intermediate_size: text.intermediate,
      vocab_size: text.vocabulary,
    },
    vision_config: { depth: vision.depth, num_heads: vision.heads },
  };
}

function atLeastOne(count: number): number {
  return Math.max(1, Math.floor(count));
}
