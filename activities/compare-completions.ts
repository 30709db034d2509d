import type { z } from 'zod';
import { algorithmOf } from '../algorithms/registry.ts';
import type { ScoredRollout } from '../contracts/run-results.ts';
import { CompareCompletionsInput, CompareCompletionsOutput, StoredScores } from '../contracts/scoring.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { mapGrid, type NumberGrid } from '../core/grid.ts';
import { finiteMetrics, prefixed } from '../core/metric-names.ts';
import { findNotFinite } from '../core/not-finite.ts';
import { keyOf } from '../core/store-layout.ts';
import { type ComponentScores, combineRewards, numbersOf, rewardStatistics } from '../rewards/combine-rewards.ts';
import { scorableOf, unscorableShare } from '../rewards/scorable.ts';
import type { ActivityDeps } from './activity-deps.ts';

type Input = z.infer<typeof CompareCompletionsInput>;
type Output = z.infer<typeof CompareCompletionsOutput>;

/** The scores of a round: all of its components, and those among them that the judge was asked for. */
interface RoundScores {
  all: ComponentScores;
  judged: ComponentScores;
}

/**
 * Makes rewards of a step's scores, and advantages of its rewards. Pure but for the store: a step may have a hundred
 * thousand completions, so their numbers stay out of the workflow's history.
 */
export function createComparisonActivities({ store }: Pick<ActivityDeps, 'store'>) {
  return {
    async compareCompletions(rawInput: z.input<typeof CompareCompletionsInput>): Promise<Output> {
      const input = CompareCompletionsInput.parse(rawInput);
      const { runKey, step, rounds, reward, algorithm: section } = input;
      const place = { runKey, step, round: rounds.length - 1 };
      return store.onceJson(keyOf('comparison', place), CompareCompletionsOutput, async (): Promise<Output> => {
        const scores: RoundScores[] = [];
        for (const round of rounds) scores.push(await readScores(store, round));
        const byRound = scores.map(({ all }) => combineRewards(all, reward));
        const rewards = byRound.flat();
        const algorithm = algorithmOf(section);
        if (algorithm.learnsFrom !== 'completions') throw new Error(`${section.kind} compares no completions.`);
        if (input.mayTakeMore && algorithm.needsMore?.(rewards, rounds.length, section)) return { more: true };

        const compared = algorithm.advantages(rewards, section);
        const notFinite = findNotFinite(rewards, compared);
        // Nothing is learnt from numbers that are not finite.
        const advantages = notFinite ? mapGrid(compared, () => null) : compared;
        const judged = scores.map((round) => round.judged);
        const scorable = scorableOf(judged);
        return {
          more: false,
          scored: await store.putJsonOnce(keyOf('scoredRollouts', { runKey, step }), async () =>
            scoredRollouts(rounds, scores, byRound, advantages),
          ),
          metrics: finiteMetrics({
            ...prefixed('reward', rewardStatistics(joined(scores.map(({ all }) => all)), rewards)),
            ...(scorable && { 'judge/unscorableShare': unscorableShare(judged) }),
            ...algorithm.metrics?.(rewards, rounds.length, section),
          }),
          ...(notFinite && { notFinite }),
          ...(scorable && { scorable }),
        };
      });
    },
  };
}

async function readScores(store: ArtifactStore, { scores }: Input['rounds'][number]): Promise<RoundScores> {
  const read = (ref: typeof scores.local) => store.readJson(ref, StoredScores);
  const [local, judged] = [await read(scores.local), await read(scores.judged)];
  return { all: { ...local, ...judged, ...(scores.custom && (await read(scores.custom))) }, judged };
}

/** @param advantages of all rounds, one round's groups after the other's. */
function scoredRollouts(
  rounds: Input['rounds'],
  scores: readonly RoundScores[],
  rewards: readonly NumberGrid[],
  advantages: NumberGrid,
): ScoredRollout[] {
  let before = 0;
  return rounds.map(({ rollout, verdicts }, r) => {
    const own = rewards[r]!;
    const from = before;
    before += own.length;
    return {
      rollout,
      verdicts,
      scores: Object.fromEntries(Object.entries(scores[r]!.all).map(([name, grid]) => [name, numbersOf(grid)])),
      rewards: own,
      advantages: advantages.slice(from, before),
    };
  });
}

/** The scores of all rounds, one round's groups after the other's. */
function joined(rounds: readonly ComponentScores[]): ComponentScores {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rounds.flatMap((scores) => scores[name]!)]));
}
