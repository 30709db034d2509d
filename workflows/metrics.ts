import { prefixed } from '../core/metric-names.ts';
import { mean } from '../core/statistics.ts';
import type { JudgeUsage } from '../judge/usage.ts';
import { sharesByCharacters, sumCompared } from '../rewards/think/compared.ts';
import type { Round } from './round.ts';

/** The metrics of a step's rounds together, besides its rewards: completions, the judge, and where the time went. */
export function collectionMetrics(rounds: readonly Round[]): Record<string, number> {
  const completions = sum(rounds, ({ rollout }) => rollout.completions);
  const tokens = sum(rounds, ({ rollout }) => rollout.tokens);
  const distinct = rounds.map(({ distinctCaptions }) => distinctCaptions).filter((share) => share !== undefined);
  return {
    ...prefixed('reward', sharesByCharacters(sumCompared(rounds.map(({ compared }) => compared)))),
    'train/completionLength': tokens / completions,
    'train/truncatedShare': sum(rounds, ({ rollout }) => rollout.truncated) / completions,
    ...(distinct.length > 0 && { 'train/distinctCaptions': mean(distinct) }),
    'train/tokensPerSecond': tokens / sum(rounds, ({ seconds }) => seconds.rollout),
    ...judgeMetrics(rounds),
    'time/framesSeconds': sum(rounds, ({ seconds }) => seconds.frames),
    'time/rolloutSeconds': sum(rounds, ({ seconds }) => seconds.rollout),
    'time/thinkSeconds': sum(rounds, ({ seconds }) => seconds.scoring),
    'time/judgeSeconds': sum(rounds, ({ seconds }) => seconds.judge),
    ...(rounds.some(({ seconds }) => seconds.custom !== undefined) && {
      'time/customRewardSeconds': sum(rounds, ({ seconds }) => seconds.custom ?? 0),
    }),
  };
}

const COUNTS = ['calls', 'cacheHits', 'inputTokens', 'outputTokens', 'cost', 'repeated'] as const;

/** What the judge was asked, and how long it took; latencies only where there were any. */
function judgeMetrics(rounds: readonly Round[]): Record<string, number> {
  const latency = (name: keyof JudgeUsage['latencySeconds']) =>
    Math.max(...rounds.map(({ usage }) => usage.latencySeconds[name]));
  return {
    ...prefixed('judge', Object.fromEntries(COUNTS.map((name) => [name, sum(rounds, ({ usage }) => usage[name])]))),
    ...(latency('max') > 0 &&
      prefixed('judge/latencySeconds', { p50: latency('p50'), p95: latency('p95'), max: latency('max') })),
  };
}

export function sum<T>(items: readonly T[], number: (item: T) => number): number {
  return items.reduce((total, item) => total + number(item), 0);
}
