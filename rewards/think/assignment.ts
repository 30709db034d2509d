import { munkres } from 'munkres';

/** A row and the column it was given. */
export type Pair = readonly [row: number, column: number];

/**
 * One-to-one assignment of rows to columns that maximises the summed weight (the Hungarian method). The matrix may be
 * rectangular or empty. A weight of 0 or less means that the two may not be paired: such pairs are never returned, and
 * never stand in the way of another one.
 */
export function assign(weights: readonly (readonly number[])[]): Pair[] {
  if (weights.length === 0 || weights[0]!.length === 0) return [];
  const costs = weights.map((row) => row.map((weight) => -Math.max(0, weight)));
  return munkres(costs).filter(([row, column]) => weights[row]![column]! > 0);
}
