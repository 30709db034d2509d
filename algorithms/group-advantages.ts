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
