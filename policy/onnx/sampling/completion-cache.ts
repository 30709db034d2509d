import * as ort from 'onnxruntime-node';
import type { Feeds } from '../model/feeds.ts';

/** The sizes of a cache: `[B, G]` sequences of at most `capacity` tokens. */
export interface CacheSizes {
  layers: number;
  sequences: readonly [clips: number, completions: number];
  keyHeads: number;
  headDim: number;
  capacity: number;
}

/**
 * Keys `[B, G, K, d, L]` and values `[B, G, K, L, d]` of the completions so far, for every layer. The `decode` graph
 * takes those of L tokens and writes those of L + 1: each cache has two buffers, which it reads and writes by turns.
 * Outputs without a buffer are allocated, cleared and copied for every token, which took a fifth of sampling's time.
 */
export class CompletionCache {
  readonly #sizes: CacheSizes;
  #length = 0;
  #read: ReadonlyMap<string, Float32Array>;
  #written: ReadonlyMap<string, Float32Array>;

  constructor(sizes: CacheSizes) {
    this.#sizes = sizes;
    const buffers = () =>
      new Map(this.#names().map((name) => [name, new Float32Array(this.#size(sizes.capacity))] as const));
    this.#read = buffers();
    this.#written = buffers();
  }

  /** What `decode` takes: `past_k.<layer>` and `past_v.<layer>`. */
  get past(): Feeds {
    return this.#tensors('past_', this.#read, this.#length);
  }

  /** Where `decode` is to write `k.<layer>` and `v.<layer>`, which are one token longer. */
  get next(): Feeds {
    return this.#tensors('', this.#written, this.#length + 1);
  }

  /** What was written is the past from now on. */
  advance(): void {
    [this.#read, this.#written] = [this.#written, this.#read];
    this.#length += 1;
  }

  #names(): string[] {
    return Array.from({ length: this.#sizes.layers }, (_, layer) => [`k.${layer}`, `v.${layer}`]).flat();
  }

  #tensors(prefix: string, buffers: ReadonlyMap<string, Float32Array>, length: number): Feeds {
    const { sequences, keyHeads, headDim } = this.#sizes;
    const tensor = ([name, buffer]: [string, Float32Array]) => {
      const shape = name.startsWith('k') ? [headDim, length] : [length, headDim];
      const data = buffer.subarray(0, this.#size(length));
      return [prefix + name, new ort.Tensor('float32', data, [...sequences, keyHeads, ...shape])] as const;
    };
    return Object.fromEntries([...buffers].map(tensor));
  }

  /** Numbers of one layer's keys, or values, of `length` tokens. */
  #size(length: number): number {
    const { sequences, keyHeads, headDim } = this.#sizes;
    return sequences[0] * sequences[1] * keyHeads * headDim * length;
  }
}
