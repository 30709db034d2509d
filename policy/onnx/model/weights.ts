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
 * @throws VideocapError `InvalidModel` naming the first parameter that is missing, of another shape, or not finite.
 */
export function readWeights(bytes: Uint8Array, { name, parameters }: ModelFolder): FloatTensors {
  return conforming(
    readSafetensors(bytes, `Weights of model "${name}"`).tensors,
    '',
    parameters,
    `Weights of "${name}"`,
  );
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
