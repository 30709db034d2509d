import type { z } from 'zod';
import type { CompareCompletionsOutput } from '../contracts/scoring.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { NotFinite } from '../core/not-finite.ts';
import type { JudgeUsage } from '../judge/usage.ts';
import type { Scorable } from '../rewards/scorable.ts';
import { collectionMetrics, sum } from './metrics.ts';
import type { Part } from './part.ts';
import { type Round, sampleRound } from './round.ts';
import { judgeActivities } from './stages.ts';
import type { StepInput } from './step.ts';

/** The completions of a step, scored and compared. */
export interface Collected {
  /** A `ScoredRollout[]`, in the order in which they were sampled. */
  scored: ArtifactRef;
  /** For each of them the `ClipRef[]` that it was sampled for. */
  clips: ArtifactRef[];
  metrics: Record<string, number>;
  /** A reward or an advantage that is not finite: all completions are left out of the update. */
  notFinite?: NotFinite | undefined;
  usage: Pick<JudgeUsage, 'calls' | 'cost'>;
  scorable?: Scorable | undefined;
}

/** Samples and scores one round of completions after another, until the algorithm has enough of them. */
export async function collectCompletions(input: StepInput): Promise<Collected> {
  const rounds: Round[] = [];
  for (;;) {
    rounds.push(await sampleRound(input, rounds.length));
    const compared = await compare(input, rounds);
    if (compared.more) continue;
    const { scored, metrics, notFinite, scorable } = compared;
    return {
      scored,
      clips: rounds.flatMap(({ clips, parts }) => parts.map(() => clips)),
      metrics: { ...collectionMetrics(rounds), ...metrics },
      notFinite,
      usage: usageOf(rounds.flatMap(({ parts }) => parts)),
      scorable,
    };
  }
}

function compare(
  { config: { algorithm, reward }, dataset, place }: StepInput,
  rounds: readonly Round[],
): Promise<z.infer<typeof CompareCompletionsOutput>> {
  return judgeActivities.compareCompletions({
    ...place,
    algorithm,
    reward,
    rounds: rounds.map(({ parts }) =>
      parts.map(({ rollout: { rollout }, verdicts, scores }) => ({ rollout, verdicts, scores })),
    ),
    mayTakeMore: rounds.length * algorithm.samplesPerStep < dataset.train,
  });
}

function usageOf(parts: readonly Part[]): Pick<JudgeUsage, 'calls' | 'cost'> {
  return { calls: sum(parts, ({ usage }) => usage.calls), cost: sum(parts, ({ usage }) => usage.cost) };
}
