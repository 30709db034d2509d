import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * All randomness is a pure function of a seed and a path, which names a place in the run: no hidden state, so anything
 * retried or resumed draws the same numbers. A path is a list of names and counters, such as `['rollout', step,
 * sampleId, g, position]`.
 */
export type RandomPath = readonly (string | number)[];

/** What is hashed: it depends on every part of the path, and on where one part ends and the next begins. */
export function placeText(seed: number, path: RandomPath): string {
  return JSON.stringify([seed, ...path]);
}

/** 32 bytes. */
function randomBytesAt(seed: number, path: RandomPath): Uint8Array {
  return sha256(utf8ToBytes(placeText(seed, path)));
}

/** A number in [0, 1) with 53 random bits. */
export function uniformAt(seed: number, path: RandomPath): number {
  return uniformFrom(randomBytesAt(seed, path));
}

/** A number in [0, 1) from the first 8 bytes of a hash. */
export function uniformFrom({ buffer, byteOffset }: Uint8Array): number {
  const bytes = new DataView(buffer, byteOffset);
  return (bytes.getUint32(0) * 0x200000 + (bytes.getUint32(4) >>> 11)) / 2 ** 53;
}

/** A 32-bit seed for a library's generator (`pure-rand`), where many draws belong to one path. */
export function seedAt(seed: number, path: RandomPath): number {
  return new DataView(randomBytesAt(seed, path).buffer).getInt32(0);
}

/** The items in an order that depends only on seed and path (sorted by a random key each). */
export function shuffledAt<T>(items: readonly T[], seed: number, path: RandomPath): T[] {
  return items
    .map((item, index) => ({ item, index, key: uniformAt(seed, [...path, index]) }))
    .sort((a, b) => a.key - b.key || a.index - b.index)
    .map(({ item }) => item);
}
