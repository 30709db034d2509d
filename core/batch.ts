import { z } from 'zod';
import { shuffledAt } from './random.ts';

/** Which of a training split's samples a step takes, in three numbers: a split may be too large to travel as a list. */
export const Batch = z.strictObject({
  seed: z.int(),
  /** From 1. */
  step: z.int().min(1),
  /** Samples a step. */
  size: z.int().min(1),
});
export type Batch = z.infer<typeof Batch>;

/**
 * The samples of a step, a function of (split, seed, step) alone. Every epoch is a new order of all training samples; the
 * remainder that fills no batch waits for another epoch's order. A split smaller than a batch is one.
 */
export function samplesOf<T>(train: readonly T[], { seed, step, size }: Batch): T[] {
  const wanted = Math.min(size, train.length);
  const batchesPerEpoch = Math.floor(train.length / wanted);
  const epoch = Math.floor((step - 1) / batchesPerEpoch);
  const batch = (step - 1) % batchesPerEpoch;
  return shuffledAt(train, seed, ['epoch', epoch]).slice(batch * wanted, (batch + 1) * wanted);
}
