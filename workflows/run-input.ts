import { ApplicationFailure } from '@temporalio/workflow';
import { z } from 'zod';

const OverrideValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.union([z.string(), z.number(), z.boolean()])),
]);

/** What a person types into the start form: `{}`, or a config's name with changes by dotted key. */
export const RunInput = z.strictObject({
  config: z.string().min(1).default('quickstart'),
  overrides: z.record(z.string(), OverrideValue).default({}),
});
export type RunInput = z.infer<typeof RunInput>;

/** A training run may also go on where another execution ended, or start from a step of another run. */
export const TrainingRunInput = RunInput.extend({
  /** The key of a run in the store: it goes on after its last step, with the config it has. */
  resume: z.strictObject({ run: z.string().min(1) }).optional(),
  /** A new run from a checkpoint of another; `overrides` change that one's config. */
  fork: z.strictObject({ run: z.string().min(1), step: z.int().nonnegative() }).optional(),
}).refine(({ resume, fork }) => !(resume && fork), 'give "resume" or "fork", not both');

export const BenchmarkRunInput = RunInput.extend({
  /** A shipped model's name or a model folder; default: the config's policy. */
  checkpoint: z.string().min(1).optional(),
  suite: z.literal('held-out').default('held-out'),
});

/**
 * Parses a workflow's input. A wrong input fails the run at once with a sentence: an ordinary error thrown in workflow
 * code would be retried for ever.
 * @throws ApplicationFailure `InvalidRunInput`, non-retryable.
 */
export function parseInput<S extends z.ZodType>(schema: S, raw: unknown, example: string): z.infer<S> {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`).join('; ');
  throw ApplicationFailure.nonRetryable(`Wrong run input: ${what}. A right one is ${example}.`, 'InvalidRunInput');
}
