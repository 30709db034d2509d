import { z } from 'zod';
import { shuffledAt } from './random.ts';

/** Which of a training split's samples a round takes, in four numbers: a split may be too large to travel as a list. */
export const Batch = z.strictObject({
  seed: z.int(),
  /** From 1. */
  step: z.int().min(1),
  /** Of the step, from 0. */
  round: z.int().nonnegative(),
  /** Samples a round. */
  size: z.int().min(1),
});
export type Batch = z.infer<typeof Batch>;

/** Consecutive samples of a round: a part of it. */
export const SampleRange = z.strictObject({ from: z.int().nonnegative(), count: z.int().positive() });
export type SampleRange = z.infer<typeof SampleRange>;

/**
 * How many samples a round takes of a training split of so many: fewer than `size` where the step has had the others.
 */
export function roundSize(train: number, { round, size }: Pick<Batch, 'round' | 'size'>): number {
  const wanted = Math.min(size, train);
  return Math.min(wanted, train - round * wanted);
}

/**
 * The samples of a round, a function of (split, seed, step, round) alone.
 *
 * Round 0: every epoch is a new order of all training samples; the remainder that fills no batch waits for another
 * epoch's order. A split smaller than a batch is one. Further rounds draw at random among the samples that the step has
 * not had yet; there are none left once it has had them all.
 */
export function samplesOf<T>(train: readonly T[], { seed, step, round, size }: Batch): T[] {
  const wanted = Math.min(size, train.length);
  const batchesPerEpoch = Math.floor(train.length / wanted);
  const epoch = Math.floor((step - 1) / batchesPerEpoch);
  const batch = (step - 1) % batchesPerEpoch;
  let samples = shuffledAt(train, seed, ['epoch', epoch]).slice(batch * wanted, (batch + 1) * wanted);
  const used = new Set(samples);
  for (let again = 1; again <= round; again++) {
    const unused = train.filter((sample) => !used.has(sample));
    samples = shuffledAt(unused, seed, ['step', step, 'round', again]).slice(0, wanted);
    for (const sample of samples) used.add(sample);
  }
  return samples;
}
