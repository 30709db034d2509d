import type { Grid } from './rope.ts';

/** Items of one grid each, in order of first appearance: only videos of one grid fit into a batch. */
export function byGrid<T>(items: readonly T[], gridOf: (item: T) => Grid): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const { slices, rows, columns } = gridOf(item);
    const key = `${slices}x${rows}x${columns}`;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** Consecutive pieces of at most `size` items. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
