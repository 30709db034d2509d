import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';

/**
 * Parses a workflow's input. A wrong input fails the run at once with a sentence: an ordinary error thrown in workflow
 * code would be retried for ever.
 * @throws ApplicationFailure `InvalidRunInput`, non-retryable.
 */
export function parseInput<S extends z.ZodType>(schema: S, raw: unknown, example: string): z.infer<S> {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  if (raw === undefined || raw === null || Object.keys(raw).length === 0)
    throw ApplicationFailure.nonRetryable(`The input is empty. A right one is ${example}.`, 'InvalidRunInput');
  const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`).join('; ');
  throw ApplicationFailure.nonRetryable(`Wrong run input: ${what}. A right one is ${example}.`, 'InvalidRunInput');
}
