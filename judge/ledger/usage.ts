import { quantileSorted } from 'simple-statistics';
import type { JudgeConfig } from '../judge-config.ts';
import type { Attempt } from '../questions/question.ts';
import type { JudgeUsage } from '../usage.ts';

export type Price = Extract<JudgeConfig, { kind: 'openai' }>['price'];

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
 * What `questions` questions came to, of which `paid.calls` were paid for here. All but the latency (seconds, of the requests made
 * now) is a sum over ledger entries, so it is the same when the stage is done again.
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
  { inputTokens, outputTokens }: Pick<Attempt, 'inputTokens' | 'outputTokens'>,
  { inputPerMillion, outputPerMillion }: Price,
): number {
  return (inputTokens * inputPerMillion + outputTokens * outputPerMillion) / 1_000_000;
}
