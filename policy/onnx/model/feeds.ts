import * as ort from 'onnxruntime-node';
import type { FloatTensors } from './safetensors.ts';

/** What a graph takes, by input name. */
export type Feeds = Record<string, ort.Tensor>;

/** Tensors as feeds, named `prefix + name`; the memory is shared, not copied. */
export function tensorFeeds(tensors: FloatTensors, prefix = ''): Record<string, ort.Tensor> {
  return Object.fromEntries(
    [...tensors].map(([name, { shape, data }]) => [prefix + name, new ort.Tensor('float32', data, shape)]),
  );
}

export function scalar(value: number): ort.Tensor {
  return new ort.Tensor('float32', Float32Array.of(value), []);
}

export function int64(values: readonly number[], shape: readonly number[]): ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);
}

export function floats(tensor: ort.Tensor | undefined): Float32Array<ArrayBuffer> {
  return tensor!.data as Float32Array<ArrayBuffer>;
}
