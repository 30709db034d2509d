/**
 * Holm's correction (1979): p-values of several comparisons, such that the chance of one false finding among all of
 * them stays below the level. In the order given; at most 1.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = Array<number>(pValues.length).fill(1);
  let most = 0;
  order.forEach((i, rank) => {
    most = Math.max(most, Math.min(1, pValues[i]! * (pValues.length - rank)));
    adjusted[i] = most;
  });
  return adjusted;
}
