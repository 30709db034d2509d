/** Totals of equal components can differ by rounding; such a group is uniform all the same. */
const EQUAL = 1e-9;

/** The arithmetic mean, summed in the order given: equal inputs give equal bits. NaN for no numbers. */
export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

/** With ddof 1; 0 for fewer than two numbers. */
export function standardDeviation(numbers: readonly number[]): number {
  if (numbers.length < 2) return 0;
  const centre = mean(numbers);
  return Math.sqrt(numbers.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (numbers.length - 1));
}

/** Whether the rewards of a group are all equal, so that nothing can be learnt from comparing them. */
export function isUniform(rewards: readonly number[]): boolean {
  return rewards.length < 2 || Math.max(...rewards) - Math.min(...rewards) <= EQUAL;
}
