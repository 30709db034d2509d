import { quantileSorted } from 'simple-statistics';
import type { PaidRequest } from '../client/llm-client.ts';
import type { Price } from '../judge-config.ts';
import type { JudgeUsage } from '../usage.ts';

/**
 * What `questions` questions came to, of which `paid.calls` were paid for here. All but the latency (seconds, of the
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
  { inputTokens, outputTokens }: Pick<PaidRequest, 'inputTokens' | 'outputTokens'>,
  { inputPerMillion, outputPerMillion }: Price,
): number {
  return (inputTokens * inputPerMillion + outputTokens * outputPerMillion) / 1_000_000;
}
