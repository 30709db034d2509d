import { z } from 'zod';

/** A value for every completion of a rollout: `[groups][completions]`, in the rollout's order. */
export type Grid<T> = readonly (readonly T[])[];

/** The schema of a grid. */
export function gridOf<S extends z.ZodType>(value: S) {
  return z.array(z.array(value));
}

/** `null`: the completion has no such number. */
export const NumberGrid = gridOf(z.number().nullable());
export type NumberGrid = z.infer<typeof NumberGrid>;

/** The same function of every completion's value. */
export function mapGrid<T, U>(grid: Grid<T>, change: (value: T) => U): U[][] {
  return grid.map((group) => group.map(change));
}
