import { z } from 'zod';
import type { NumberGrid } from '../core/grid.ts';
import { isUniform } from '../core/statistics.ts';
import type { AlgorithmSection, CompletionAlgorithm } from './algorithm.ts';

/** DAPO's dynamic sampling: a step samples until enough groups have rewards that differ. Absent: all are used. */
export const DynamicSampling = z.strictObject({
  /**
   * The most rounds of samples that a step takes until `samplesPerStep` of its groups differ. 1: groups without
   * differences leave the update, and no others take their place.
   */
  maxRounds: z.int().min(1).max(100),
});

interface DynamicSection extends AlgorithmSection {
  dynamicSampling?: z.infer<typeof DynamicSampling> | undefined;
}

/**
 * The fate of a sampled group: the step uses it; or its rewards do not differ; or fewer than two of its completions
 * have a reward to compare; or it differs, and the step has enough that do.
 */
export type GroupUse = 'kept' | 'uniform' | 'unscored' | 'surplus';

/**
 * The group filter of DAPO (arXiv 2503.14476, section 3.2), as verl's `filter_groups` does it: in the order in which
 * they were sampled, the first `wanted` groups whose rewards differ are kept. Rewards that differ by rounding alone are
 * equal here; verl, which asks for a standard deviation above 0, keeps some of those.
 * @param rewards `[groups][completions]`; `null`: this completion could not be scored.
 */
export function groupUses(rewards: NumberGrid, wanted: number): GroupUse[] {
  let kept = 0;
  return rewards.map((group) => {
    const known = group.filter((reward) => reward !== null);
    if (known.length < 2) return 'unscored';
    if (isUniform(known)) return 'uniform';
    return kept++ < wanted ? 'kept' : 'surplus';
  });
}

/**
 * Gives an algorithm DAPO's dynamic sampling: a step samples further rounds until `samplesPerStep` groups differ or
 * `maxRounds` rounds are made, and learns from those groups alone. A step that found fewer learns from what it found,
 * where verl ends the run; one that found none leaves the policy as it is.
 */
export function withDynamicSampling<Config extends DynamicSection>(
  algorithm: CompletionAlgorithm<Config>,
): CompletionAlgorithm<Config> {
  return {
    ...algorithm,

    advantages(rewards, config) {
      if (!config.dynamicSampling) return algorithm.advantages(rewards, config);
      const uses = groupUses(rewards, config.samplesPerStep);
      const kept = rewards.map((group, g) => (uses[g] === 'kept' ? group : group.map(() => null)));
      return algorithm.advantages(kept, config);
    },

    needsMore(rewards, rounds, { dynamicSampling, samplesPerStep }) {
      if (!dynamicSampling || rounds >= dynamicSampling.maxRounds) return false;
      return count(groupUses(rewards, samplesPerStep), 'kept') < samplesPerStep;
    },

    metrics(rewards, rounds, config) {
      const metrics = algorithm.metrics?.(rewards, rounds, config) ?? {};
      if (!config.dynamicSampling) return metrics;
      const uses = groupUses(rewards, config.samplesPerStep);
      return {
        ...metrics,
        'sampling/rounds': rounds,
        'sampling/keptGroups': count(uses, 'kept'),
        'sampling/uniformGroups': count(uses, 'uniform'),
        'sampling/unscoredGroups': count(uses, 'unscored'),
        'sampling/surplusGroups': count(uses, 'surplus'),
      };
    },
  };
}

function count(uses: readonly GroupUse[], wanted: GroupUse): number {
  return uses.filter((use) => use === wanted).length;
}
