import type { z } from 'zod';
import type { CompletionAlgorithm } from '../algorithms/algorithm.ts';
import type { RolloutGroupsOutput } from '../contracts/policy.ts';
import type { ScoredRollout } from '../contracts/run-results.ts';
import type { JudgeCompletionsOutput } from '../contracts/scoring.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { NumberGrid } from '../core/grid.ts';
import type { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import { type ComponentScores, combineRewards, numbersOf, rewardStatistics } from '../rewards/combine-rewards.ts';
import { prefixed } from './metrics.ts';
import { judgeActivities, policyActivities } from './stages.ts';
import type { StepInput } from './step.ts';
import { clipsOf } from './step-clips.ts';

/** The completions of a step, scored and compared. */
export interface Collected {
  /** In the order in which they were sampled, each with the `ClipRef[]` that it was sampled for. */
  rollouts: (ScoredRollout & { clips: ArtifactRef })[];
  metrics: Record<string, number>;
  usage: Pick<JudgeUsage, 'calls' | 'cost'>;
}

/** Samples and scores one round of completions after another, until the algorithm has enough of them. */
export async function collectCompletions(input: StepInput, algorithm: CompletionAlgorithm): Promise<Collected> {
  const { algorithm: section } = input.config;
  const rounds: Round[] = [];
  let rewards: NumberGrid = [];
  let more = true;
  while (more) {
    const round = await sampleRound(input, rounds.length, spentAfter(input.spent, rounds));
    rounds.push(round);
    rewards = [...rewards, ...round.rewards];
    const hasUnusedSamples = rounds.length * section.samplesPerStep < input.dataset.train;
    more = hasUnusedSamples && (algorithm.needsMore?.(rewards, rounds.length, section) ?? false);
  }
  const advantages = algorithm.advantages(rewards, section);
  return {
    rollouts: rounds.map(({ rollout, clips, verdicts, scores, rewards }, r) => ({
      rollout: rollout.rollout,
      clips,
      verdicts,
      scores: Object.fromEntries(Object.entries(scores).map(([name, grid]) => [name, numbersOf(grid)])),
      rewards,
      advantages: advantages.slice(groupsBefore(rounds, r), groupsBefore(rounds, r + 1)),
    })),
    metrics: metricsOf(rounds, rewards),
    usage: usageOf(rounds),
  };
}

interface Round {
  clips: ArtifactRef;
  rollout: z.infer<typeof RolloutGroupsOutput>;
  /** By reward component; `judged` has those that the judge was asked for. */
  scores: ComponentScores;
  judged: ComponentScores;
  verdicts: ArtifactRef;
  rewards: NumberGrid;
  usage: JudgeUsage;
  seconds: { frames: number; rollout: number; scoring: number; judge: number };
}

/** G completions of every sample of a round, with their scores and rewards. */
async function sampleRound(input: StepInput, round: number, spent: JudgeSpending): Promise<Round> {
  const { config, dataset, gate, onStage } = input;
  const place = { ...input.place, round, part: 0 };
  onStage('frames');
  const started = Date.now();
  const clips = await clipsOf(input, round);
  const framesSeconds = (Date.now() - started) / 1000;
  onStage('rollout');
  const rollout = await policyActivities(config.policy.engine).rolloutGroups({
    ...place,
    policy: input.policy,
    engine: config.policy.engine,
    clips,
    sampling: config.sampling,
    seed: config.seed,
  });
  onStage('scoring');
  const completions = { ...place, rollout: rollout.rollout, manifest: dataset.manifest, reward: config.reward };
  const [local, judged] = await Promise.all([
    judgeActivities.scoreCompletions(completions),
    gate.through(() => judgeActivities.judgeCompletions({ ...completions, judge: input.judge(), spent })),
  ]);
  const scores = { ...local.scores, ...judged.scores };
  return {
    clips,
    rollout,
    scores,
    judged: judged.scores,
    verdicts: judged.verdicts,
    rewards: combineRewards(scores, config.reward),
    usage: judged.usage,
    seconds: {
      frames: framesSeconds,
      rollout: rollout.seconds,
      scoring: local.seconds,
      judge: judged.seconds,
    },
  };
}

function spentAfter({ calls, usd }: JudgeSpending, rounds: readonly Round[]): JudgeSpending {
  const usage = usageOf(rounds);
  return { calls: calls + usage.calls, usd: usd + usage.cost };
}

function usageOf(rounds: readonly Round[]): Pick<JudgeUsage, 'calls' | 'cost'> {
  return { calls: sum(rounds, ({ usage }) => usage.calls), cost: sum(rounds, ({ usage }) => usage.cost) };
}

function groupsBefore(rounds: readonly Round[], round: number): number {
  return sum(rounds.slice(0, round), ({ rewards }) => rewards.length);
}

function metricsOf(rounds: readonly Round[], rewards: NumberGrid): Record<string, number> {
  const scores = joined(rounds.map((round) => round.scores));
  const completions = sum(rounds, ({ rollout }) => rollout.completions);
  const tokens = sum(rounds, ({ rollout }) => rollout.tokens);
  return {
    ...prefixed('reward', rewardStatistics(scores, rewards)),
    'train/completionLength': tokens / completions,
    'train/truncatedShare': sum(rounds, ({ rollout }) => rollout.truncated) / completions,
    'train/tokensPerSecond': tokens / sum(rounds, ({ seconds }) => seconds.rollout),
    ...judgeMetrics(rounds),
    'time/framesSeconds': sum(rounds, ({ seconds }) => seconds.frames),
    'time/rolloutSeconds': sum(rounds, ({ seconds }) => seconds.rollout),
    'time/thinkSeconds': sum(rounds, ({ seconds }) => seconds.scoring),
    'time/judgeSeconds': sum(rounds, ({ seconds }) => seconds.judge),
  };
}

const COUNTS = ['calls', 'cacheHits', 'inputTokens', 'outputTokens', 'cost', 'repeated'] as const;
type Usage = z.infer<typeof JudgeCompletionsOutput>['usage'];

/** What the judge was asked, what it could not score, and how long it took; latencies only where there were any. */
function judgeMetrics(rounds: readonly Round[]): Record<string, number> {
  const latency = (name: keyof Usage['latencySeconds']) =>
    Math.max(...rounds.map(({ usage }) => usage.latencySeconds[name]));
  const all = rounds.flatMap(({ judged }) => Object.values(judged).flat(2));
  return {
    ...prefixed('judge', Object.fromEntries(COUNTS.map((name) => [name, sum(rounds, ({ usage }) => usage[name])]))),
    ...(latency('max') > 0 &&
      prefixed('judge/latencySeconds', { p50: latency('p50'), p95: latency('p95'), max: latency('max') })),
    'judge/unscorableShare': all.filter((score) => 'unscorable' in score).length / all.length,
  };
}

/** The scores of all rounds, one round's groups after the other's. */
function joined(rounds: readonly ComponentScores[]): ComponentScores {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rounds.flatMap((scores) => scores[name]!)]));
}

function sum<T>(items: readonly T[], number: (item: T) => number): number {
  return items.reduce((total, item) => total + number(item), 0);
}
