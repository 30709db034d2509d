import type { CompletionAlgorithm } from '../algorithms/algorithm.ts';
import type { ScoredRollout } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { mapGrid, type NumberGrid } from '../core/grid.ts';
import type { NotFinite } from '../core/not-finite.ts';
import type { JudgeUsage } from '../judge/usage.ts';
import { numbersOf } from '../rewards/combine-rewards.ts';
import { plus } from './judged-run.ts';
import { collectionMetrics, sum } from './metrics.ts';
import { findNotFinite } from './not-finite.ts';
import { type Round, sampleRound } from './round.ts';
import { type Scorable, scorableOf } from './scorable-rule.ts';
import type { StepInput } from './step.ts';

/** The completions of a step, scored and compared. */
export interface Collected {
  /** In the order in which they were sampled, each with the `ClipRef[]` that it was sampled for. */
  rollouts: (ScoredRollout & { clips: ArtifactRef })[];
  metrics: Record<string, number>;
  /** A reward or an advantage that is not finite: all completions are left out of the update. */
  notFinite?: NotFinite | undefined;
  usage: Pick<JudgeUsage, 'calls' | 'cost'>;
  scorable: Scorable | undefined;
}

/** Samples and scores one round of completions after another, until the algorithm has enough of them. */
export async function collectCompletions(input: StepInput, algorithm: CompletionAlgorithm): Promise<Collected> {
  const { algorithm: section } = input.config;
  const rounds: Round[] = [];
  let rewards: NumberGrid = [];
  let more = true;
  while (more) {
    const round = await sampleRound(input, rounds.length, plus(input.spent, usageOf(rounds)));
    rounds.push(round);
    rewards = [...rewards, ...round.rewards];
    const hasUnusedSamples = rounds.length * section.samplesPerStep < input.dataset.train;
    more = hasUnusedSamples && (algorithm.needsMore?.(rewards, rounds.length, section) ?? false);
  }
  const compared = algorithm.advantages(rewards, section);
  const notFinite = findNotFinite(rewards, compared);
  const advantages = notFinite ? mapGrid(compared, () => null) : compared;
  return {
    rollouts: rounds.map(({ rollout, clips, verdicts, scores, rewards }, r) => ({
      rollout: rollout.rollout,
      clips,
      verdicts,
      scores: Object.fromEntries(Object.entries(scores).map(([name, grid]) => [name, numbersOf(grid)])),
      rewards,
      advantages: advantages.slice(groupsBefore(rounds, r), groupsBefore(rounds, r + 1)),
    })),
    metrics: { ...collectionMetrics(rounds, rewards), ...algorithm.metrics?.(rewards, rounds.length, section) },
    notFinite,
    usage: usageOf(rounds),
    scorable: scorableOf(rounds.map(({ judged }) => judged)),
  };
}

function usageOf(rounds: readonly Round[]): Pick<JudgeUsage, 'calls' | 'cost'> {
  return { calls: sum(rounds, ({ usage }) => usage.calls), cost: sum(rounds, ({ usage }) => usage.cost) };
}

function groupsBefore(rounds: readonly Round[], round: number): number {
  return sum(rounds.slice(0, round), ({ rewards }) => rewards.length);
}
