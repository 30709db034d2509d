import { type BenchmarkConfig, judgeOfBenchmarks } from '../benchmarks/benchmark-config.ts';
import { hasJudge, type JudgeConfig } from '../judge/judge-config.ts';
import { componentsOf, type RewardConfig } from '../rewards/registry.ts';

/** A field of a config that asks a judge. */
interface Judged {
  path: string[];
  /** What leaves that out: `set reward.caption.weight to 0`. */
  off: string;
  /** Why it asks one. */
  why: string;
}

/** What asks a judge in a config that has none for it. */
export function judgeMissing(config: {
  reward: RewardConfig;
  judge: JudgeConfig;
  benchmark: BenchmarkConfig;
}): Judged[] {
  const { reward, judge, benchmark } = config;
  const rewards = componentsOf(reward).flatMap(({ component: { name, scored }, config: { weight } }) =>
    scored === 'by the judge' && weight > 0 && !hasJudge(judge)
      ? [{ path: ['reward', name], off: `set reward.${name}.weight to 0`, why: 'this reward asks one' }]
      : [],
  );
  const events = { path: ['benchmark', 'metrics'], off: 'leave out events', why: 'events are judged' };
  const isMissing = !hasJudge(judgeOfBenchmarks(config)) && benchmark.metrics.includes('events');
  return [...rewards, ...(isMissing ? [events] : [])];
}
