import type { NumberGrid } from '../core/grid.ts';
import { isUniform, mean, standardDeviation } from '../core/statistics.ts';

/** Keeps the division finite; TRL's and the R1-V family's value. */
const DELTA = 1e-4;

/**
 * Group-relative advantages of GRPO: (r - mean) / (std + 1e-4) with the sample standard deviation (ddof 1), or r - mean
 * alone for `none` (Dr. GRPO). They sum to 0. A group without differences, or of one, has advantages of exactly 0.
 */
export function groupAdvantages(rewards: readonly number[], scale: 'group' | 'none'): number[] {
  if (isUniform(rewards)) return rewards.map(() => 0);
  const centre = mean(rewards);
  const spread = scale === 'group' ? standardDeviation(rewards) + DELTA : 1;
  return rewards.map((reward) => (reward - centre) / spread);
}

/**
 * The advantages of a step's groups. Compares the completions of a group that have a reward; fewer than two cannot be
 * compared and stay out (`null`), as does, with `skipUniformGroups`, a group without differences.
 */
export function comparedInGroups(
  rewards: NumberGrid,
  { scaleRewards, skipUniformGroups }: { scaleRewards: 'group' | 'none'; skipUniformGroups: boolean },
): NumberGrid {
  return rewards.map((group) => {
    const known = group.filter((reward) => reward !== null);
    if (known.length < 2 || (skipUniformGroups && isUniform(known))) return group.map(() => null);
    const relative = groupAdvantages(known, scaleRewards);
    return group.map((reward) => (reward === null ? null : relative.shift()!));
  });
}
