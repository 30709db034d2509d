import { z } from 'zod';

/** What a run has paid its judge so far. */
export const JudgeSpending = z.strictObject({ usd: z.number().nonnegative(), calls: z.int().nonnegative() });
export type JudgeSpending = z.infer<typeof JudgeSpending>;

/**
 * What a stage's questions came to. `calls`, tokens and cost (USD) are those of the answers that this place in the run
 * paid for: the same after a crash. `repeated`: asked again because an earlier request's answer never arrived, so
 * perhaps paid twice.
 */
export const JudgeUsage = z.strictObject({
  calls: z.int(),
  cacheHits: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  cost: z.number(),
  repeated: z.int(),
  /** Of the requests that were made now; 0 without any. */
  latencySeconds: z.strictObject({ p50: z.number(), p95: z.number(), max: z.number() }),
});
export type JudgeUsage = z.infer<typeof JudgeUsage>;

export const NO_USAGE: JudgeUsage = {
  calls: 0,
  cacheHits: 0,
  inputTokens: 0,
  outputTokens: 0,
  cost: 0,
  repeated: 0,
  latencySeconds: { p50: 0, p95: 0, max: 0 },
};
