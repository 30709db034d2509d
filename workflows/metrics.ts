import { prefixed } from '../core/metric-names.ts';
import { mean } from '../core/statistics.ts';
import type { JudgeUsage } from '../judge/usage.ts';
import { sharesByCharacters, sumCompared } from '../rewards/think/compared.ts';
import type { Part } from './part.ts';
import type { Round } from './round.ts';

/** The metrics of a step's rounds together, besides its rewards: completions, the judge, and where the time went. */
export function collectionMetrics(rounds: readonly Round[]): Record<string, number> {
  const parts = rounds.flatMap((round) => round.parts);
  const completions = sum(parts, ({ rollout }) => rollout.completions);
  const tokens = sum(parts, ({ rollout }) => rollout.tokens);
  const distinct = rounds.map(({ distinctCaptions }) => distinctCaptions).filter((share) => share !== undefined);
  return {
    ...prefixed('reward', sharesByCharacters(sumCompared(parts.map(({ compared }) => compared)))),
    'train/completionLength': tokens / completions,
    'train/truncatedShare': sum(parts, ({ rollout }) => rollout.truncated) / completions,
    ...(distinct.length > 0 && { 'train/distinctCaptions': mean(distinct) }),
    'train/tokensPerSecond': tokens / sum(parts, ({ seconds }) => seconds.rollout),
    ...judgeMetrics(parts),
    'time/framesSeconds': sum(rounds, ({ seconds }) => seconds),
    'time/rolloutSeconds': sum(parts, ({ seconds }) => seconds.rollout),
    'time/thinkSeconds': sum(parts, ({ seconds }) => seconds.scoring),
    'time/judgeSeconds': sum(parts, ({ seconds }) => seconds.judge),
    ...(parts.some(({ seconds }) => seconds.custom !== undefined) && {
      'time/customRewardSeconds': sum(parts, ({ seconds }) => seconds.custom ?? 0),
    }),
  };
}

const COUNTS = ['calls', 'cacheHits', 'inputTokens', 'outputTokens', 'cost', 'repeated'] as const;

/** What the judge was asked, and how long it took; latencies only where there were any. */
function judgeMetrics(parts: readonly Part[]): Record<string, number> {
  const latency = (name: keyof JudgeUsage['latencySeconds']) =>
    Math.max(...parts.map(({ usage }) => usage.latencySeconds[name]));
  return {
    ...prefixed('judge', Object.fromEntries(COUNTS.map((name) => [name, sum(parts, ({ usage }) => usage[name])]))),
    ...(latency('max') > 0 &&
      prefixed('judge/latencySeconds', { p50: latency('p50'), p95: latency('p95'), max: latency('max') })),
  };
}

export function sum<T>(items: readonly T[], number: (item: T) => number): number {
  return items.reduce((total, item) => total + number(item), 0);
}
