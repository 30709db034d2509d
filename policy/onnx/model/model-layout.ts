/** Items of one shape each, in order of first appearance: only videos and prompts of one shape fit into a batch. */
export function byShape<T>(items: readonly T[], shapeOf: (item: T) => readonly number[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = shapeOf(item).join('x');
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
