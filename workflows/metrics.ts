import type { NumberGrid } from '../core/grid.ts';
import { mean } from '../core/statistics.ts';
import type { JudgeUsage } from '../judge/usage.ts';
import { type ComponentScores, rewardStatistics } from '../rewards/combine-rewards.ts';
import { sharesByCharacters, sumCompared } from '../rewards/think/compared.ts';
import type { Round } from './round.ts';

/** The metrics of a step's rounds together: rewards, completions, the judge, and where the time went. */
export function collectionMetrics(rounds: readonly Round[], rewards: NumberGrid): Record<string, number> {
  const scores = joined(rounds.map((round) => round.scores));
  const completions = sum(rounds, ({ rollout }) => rollout.completions);
  const tokens = sum(rounds, ({ rollout }) => rollout.tokens);
  const distinct = rounds.map(({ distinctCaptions }) => distinctCaptions).filter((share) => share !== undefined);
  return {
    ...prefixed('reward', rewardStatistics(scores, rewards)),
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

/** What the judge was asked, what it could not score, and how long it took; latencies only where there were any. */
function judgeMetrics(rounds: readonly Round[]): Record<string, number> {
  const latency = (name: keyof JudgeUsage['latencySeconds']) =>
    Math.max(...rounds.map(({ usage }) => usage.latencySeconds[name]));
  const all = rounds.flatMap(({ judged }) => Object.values(judged).flat(2));
  return {
    ...prefixed('judge', Object.fromEntries(COUNTS.map((name) => [name, sum(rounds, ({ usage }) => usage[name])]))),
    ...(latency('max') > 0 &&
      prefixed('judge/latencySeconds', { p50: latency('p50'), p95: latency('p95'), max: latency('max') })),
    ...(all.length > 0 && {
      'judge/unscorableShare': all.filter((score) => 'unscorable' in score).length / all.length,
    }),
  };
}

/** The scores of all rounds, one round's groups after the other's. */
function joined(rounds: readonly ComponentScores[]): ComponentScores {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rounds.flatMap((scores) => scores[name]!)]));
}

/** `{loss: 1}` with the prefix `train` -> `{'train/loss': 1}`. */
export function prefixed(prefix: string, metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}/${name}`, value]));
}

export function sum<T>(items: readonly T[], number: (item: T) => number): number {
  return items.reduce((total, item) => total + number(item), 0);
}
