import { quantileSorted } from 'simple-statistics';
import { z } from 'zod';
import type { Price } from './judge-config.ts';

/** What a run has paid its judge so far. */
export const JudgeSpending = z.strictObject({ usd: z.number().nonnegative(), calls: z.int().nonnegative() });
export type JudgeSpending = z.infer<typeof JudgeSpending>;

/**
 * The usage of a stage's questions. `calls`, tokens and cost (USD) are those of the answers that this place in the run
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

/**
 * The usage of `questions` questions, of which `paid.calls` were paid for here. All but the latency (seconds, of the
 * requests made now) is a sum over ledger entries, so it is the same when the stage is done again.
 */
export function usageOf(
  paid: Pick<JudgeUsage, 'calls' | 'inputTokens' | 'outputTokens' | 'repeated'>,
  questions: number,
  latencies: readonly number[],
  price: Price,
): JudgeUsage {
  const sorted = latencies.toSorted((a, b) => a - b);
  const quantile = (share: number) => (sorted.length === 0 ? 0 : quantileSorted(sorted, share));
  return {
    ...paid,
    cacheHits: questions - paid.calls,
    cost: costOf(paid, price),
    latencySeconds: { p50: quantile(0.5), p95: quantile(0.95), max: sorted.at(-1) ?? 0 },
  };
}

/** USD. */
export function costOf(
  { inputTokens, outputTokens }: Pick<JudgeUsage, 'inputTokens' | 'outputTokens'>,
  { inputPerMillion, outputPerMillion }: Price,
): number {
  return (inputTokens * inputPerMillion + outputTokens * outputPerMillion) / 1_000_000;
}
