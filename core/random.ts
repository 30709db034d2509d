import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * All randomness is a pure function of a seed and a place in the run: no hidden state, so anything retried or resumed
 * draws the same numbers. A place is a list of names and counters, such as `['rollout', step, sampleId, g, position]`.
 */
export type Place = readonly (string | number)[];

/** 32 bytes that depend on every part of the place, and on where one part ends and the next begins. */
export function randomBytesAt(seed: number, place: Place): Uint8Array {
  return sha256(utf8ToBytes(JSON.stringify([seed, ...place])));
}

/** A number in [0, 1) with 53 random bits. */
export function uniformAt(seed: number, place: Place): number {
  const bytes = new DataView(randomBytesAt(seed, place).buffer);
  return (bytes.getUint32(0) * 0x200000 + (bytes.getUint32(4) >>> 11)) / 2 ** 53;
}

/** A 32-bit seed for a library's generator (`pure-rand`), where many draws belong to one place. */
export function seedAt(seed: number, place: Place): number {
  return new DataView(randomBytesAt(seed, place).buffer).getInt32(0);
}

/** The items in an order that depends only on seed and place (sorted by a random key each). */
export function shuffledAt<T>(items: readonly T[], seed: number, place: Place): T[] {
  return items
    .map((item, index) => ({ item, index, key: uniformAt(seed, [...place, index]) }))
    .sort((a, b) => a.key - b.key || a.index - b.index)
    .map(({ item }) => item);
}
