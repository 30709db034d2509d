import { VideocapError } from '../../../core/errors.ts';
import { type Feeds, tensorFeeds } from './feeds.ts';
import type { ModelFolder } from './model-folder.ts';
import { type FloatTensor, type FloatTensors, readSafetensors } from './safetensors.ts';

/** A policy's weights as every graph takes them: one tensor a parameter, by its safetensors name, made once. */
export interface Weights {
  tensors: FloatTensors;
  feeds: Readonly<Feeds>;
}

export function weightsOf(tensors: FloatTensors): Weights {
  return { tensors, feeds: tensorFeeds(tensors) };
}

/** AdamW's moments beside the weights they belong to, and the number of updates behind them. */
export interface OptimizerState {
  updates: number;
  first: FloatTensors;
  second: FloatTensors;
}

/**
 * The weights of a `model.safetensors`, checked against what the model's graphs take.
 * @throws VideocapError `InvalidModel` naming the first parameter that is missing, of another shape, or not finite, or
 *   the first tensor that the graphs have no use for.
 */
export function readWeights(bytes: Uint8Array, { name, parameters }: ModelFolder): FloatTensors {
  const what = `Weights of "${name}"`;
  const { tensors } = readSafetensors(bytes, `Weights of model "${name}"`);
  const weights = conforming(tensors, '', parameters, what);
  for (const [own, tensor] of tensors)
    if (!weights.has(own) && !isTiedOutput(own, tensor, weights))
      throw new VideocapError(
        'InvalidModel',
        `${what} have ${own} [${tensor.shape}], which no graph takes: the model would run without it; use a ` +
          'Qwen2-VL whose output layer is its embeddings (tie_word_embeddings), or another engine.',
      );
  return weights;
}

/** The state in an `optimizer.safetensors`. Throws as `readWeights`. */
export function readOptimizer(bytes: Uint8Array, { name, parameters }: ModelFolder): OptimizerState {
  const what = `Optimizer state of "${name}"`;
  const { tensors, metadata } = readSafetensors(bytes, what);
  const updates = Number(metadata.updates);
  if (!Number.isSafeInteger(updates) || updates < 0)
    throw new VideocapError(
      'InvalidModel',
      `${what} does not say its number of updates; use one that this engine wrote.`,
    );
  return {
    updates,
    first: conforming(tensors, 'm.', parameters, what),
    second: conforming(tensors, 'v.', parameters, what),
  };
}

/** Whether a tensor is the output layer that some programs store beside the embeddings, though it is the same. */
function isTiedOutput(name: string, tensor: FloatTensor, weights: FloatTensors): boolean {
  const embeddings = weights.get('model.embed_tokens.weight');
  return name === 'lm_head.weight' && embeddings !== undefined && bytesOf(tensor).equals(bytesOf(embeddings));
}

function bytesOf({ data }: FloatTensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

export function freshOptimizer({ parameters }: ModelFolder): OptimizerState {
  const zeros = (): FloatTensors =>
    new Map(
      parameters.map(({ name, shape }) => [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]),
    );
  return { updates: 0, first: zeros(), second: zeros() };
}

function conforming(
  tensors: FloatTensors,
  prefix: string,
  parameters: ModelFolder['parameters'],
  what: string,
): FloatTensors {
  return new Map(
    parameters.map(({ name, shape }): [string, FloatTensor] => {
      const tensor = tensors.get(prefix + name);
      const fault = !tensor
        ? 'lack it'
        : `${tensor.shape}` !== `${shape}`
          ? `have it as [${tensor.shape}]`
          : tensor.data.every(Number.isFinite)
            ? undefined
            : 'hold numbers in it that are not finite';
      if (fault)
        throw new VideocapError(
          'InvalidModel',
          `${what}: the graphs take ${name} [${shape}], but the file's tensors ${fault}.`,
        );
      return [name, tensor!];
    }),
  );
}
