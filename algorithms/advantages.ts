/** Keeps the division finite; TRL's and the R1-V family's value. */
const DELTA = 1e-4;
/** Totals of equal components can differ by rounding; such a group is uniform all the same. */
const EQUAL = 1e-9;

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

export function isUniform(rewards: readonly number[]): boolean {
  return Math.max(...rewards) - Math.min(...rewards) <= EQUAL || rewards.length < 2;
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

/** With ddof 1; 0 for fewer than two numbers. */
export function standardDeviation(numbers: readonly number[]): number {
  if (numbers.length < 2) return 0;
  const centre = mean(numbers);
  return Math.sqrt(numbers.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (numbers.length - 1));
}
