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
type Part = Input['rounds'][number][number];
type Output = z.infer<typeof CompareCompletionsOutput>;

/** The scores of a part of a round: all of its components, and those among them that the judge was asked for. */
interface PartScores {
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
      const parts = rounds.flat();
      const place = { runKey, step, round: rounds.length - 1 };
      return store.onceJson(keyOf('comparison', place), CompareCompletionsOutput, async (): Promise<Output> => {
        const scores: PartScores[] = [];
        for (const part of parts) scores.push(await readScores(store, part));
        const byPart = scores.map(({ all }) => combineRewards(all, reward));
        const rewards = byPart.flat();
        const algorithm = algorithmOf(section);
        if (algorithm.learnsFrom !== 'completions') throw new Error(`${section.kind} compares no completions.`);
        if (input.mayTakeMore && algorithm.needsMore?.(rewards, rounds.length, section)) return { more: true };

        const compared = algorithm.advantages(rewards, section);
        const notFinite = findNotFinite(rewards, compared);
        // Nothing is learnt from numbers that are not finite.
        const advantages = notFinite ? mapGrid(compared, () => null) : compared;
        const judged = scores.map((part) => part.judged);
        const scorable = scorableOf(judged);
        return {
          more: false,
          scored: await store.putJsonOnce(keyOf('scoredRollouts', { runKey, step }), async () =>
            scoredRollouts(parts, scores, byPart, advantages),
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

async function readScores(store: ArtifactStore, { scores }: Part): Promise<PartScores> {
  const read = (ref: typeof scores.local) => store.readJson(ref, StoredScores);
  const [local, judged] = [await read(scores.local), await read(scores.judged)];
  return { all: { ...local, ...judged, ...(scores.custom && (await read(scores.custom))) }, judged };
}

/** @param advantages of all parts, one part's groups after the other's. */
function scoredRollouts(
  parts: readonly Part[],
  scores: readonly PartScores[],
  rewards: readonly NumberGrid[],
  advantages: NumberGrid,
): ScoredRollout[] {
  let before = 0;
  return parts.map(({ rollout, verdicts }, p) => {
    const own = rewards[p]!;
    const from = before;
    before += own.length;
    return {
      rollout,
      verdicts,
      scores: Object.fromEntries(Object.entries(scores[p]!.all).map(([name, grid]) => [name, numbersOf(grid)])),
      rewards: own,
      advantages: advantages.slice(from, before),
    };
  });
}

/** The scores of all parts, one part's groups after the other's. */
function joined(parts: readonly ComponentScores[]): ComponentScores {
  const names = Object.keys(parts[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, parts.flatMap((scores) => scores[name]!)]));
}
