import { z } from 'zod';

const Shapes = z.strictObject({
  kind: z.literal('shapes'),
  trainSamples: z.int().min(1).max(100_000).default(240),
  heldOutSamples: z.int().min(1).max(10_000).default(100),
  /**
   * How good the references of the training split are: `exact`; `few` (one in eight samples); `noisy` (some events are
   * dropped or wrong).
   */
  references: z.enum(['exact', 'few', 'noisy']).default('exact'),
  seed: z.int().default(1),
});
const Jsonl = z.strictObject({
  kind: z.literal('jsonl'),
  train: z.string().min(1),
  heldOut: z.string().min(1),
  /** Samples that cannot be used are set aside with a reason; more than this many end the run. */
  maxBadSamples: z.int().nonnegative().default(0),
});
export const DatasetConfig = z.discriminatedUnion('kind', [Shapes, Jsonl]);
export type DatasetConfig = z.infer<typeof DatasetConfig>;
