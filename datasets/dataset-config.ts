import { z } from 'zod';

const Shapes = z.strictObject({
  /** The small world: scenes of moving shapes, drawn and encoded as H.264 files. */
  kind: z.literal('shapes'),
  /** Scenes to train on. */
  trainSamples: z.int().min(1).max(100_000).default(240),
  /** Scenes to measure on, with combinations of colour and action that training does not show. */
  heldOutSamples: z.int().min(1).max(10_000).default(100),
  /**
   * How good the references of the training split are: `exact`; `few` (one in eight samples); `noisy` (some events are
   * dropped or wrong).
   */
  references: z.enum(['exact', 'few', 'noisy']).default('exact'),
  /** The same seed gives the same scenes. */
  seed: z.int().default(1),
});
/** One of several files whose samples are mixed. */
const Source = z.strictObject({
  /** A file of samples: JSONL with one a line, or a JSON array. */
  path: z.string().min(1),
  /** Its share of every batch is its weight among the weights of all, however many samples it has. */
  weight: z.number().min(1e-6).max(1e6).default(1),
});
const Sources = z
  .array(Source)
  .min(1)
  .max(100)
  .refine((sources) => new Set(sources.map(({ path }) => path)).size === sources.length, 'name every file once');
const Jsonl = z.strictObject({
  /** Videos of one's own, with captions. */
  kind: z.literal('jsonl'),
  /** A file of samples, JSONL with one a line or a JSON array, or several files that are mixed. */
  train: z.union([z.string().min(1), Sources], {
    error: 'set the path of a JSONL file, or a list of them such as [{ path: a.jsonl, weight: 2 }, { path: b.jsonl }]',
  }),
  /** A file with the samples to measure on. */
  heldOut: z.string().min(1),
  /** Samples that cannot be used are set aside with a reason; more than this many end the run. */
  maxBadSamples: z.int().nonnegative().default(0),
  /**
   * With `sft`: the most tokens of a text to learn, thought and end token included, as the policy's tokenizer counts
   * them. Samples with a longer one are set aside. Memory for a step grows with its square.
   */
  maxReferenceTokens: z.int().min(1).max(100_000).default(1024),
});
export const DatasetConfig = z.discriminatedUnion('kind', [Shapes, Jsonl]);
export type DatasetConfig = z.infer<typeof DatasetConfig>;

/** The files of a training split with their weights. */
export function trainFiles(train: z.infer<typeof Jsonl>['train']): z.infer<typeof Source>[] {
  return typeof train === 'string' ? [{ path: train, weight: 1 }] : train;
}
