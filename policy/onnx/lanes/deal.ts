/**
 * Deals items to lanes: each lane's items in order, only lanes that get some. Items of one shape stay in parts of two
 * or more, since a clip that is computed alone rounds differently; a part goes to the lane with the least to do.
 */
export function deal<T>(groups: readonly (readonly T[])[], lanes: number): T[][] {
  const dealt = Array.from({ length: lanes }, (): T[] => []);
  for (const group of groups)
    for (const part of evenParts(group, Math.min(lanes, Math.max(1, Math.floor(group.length / 2)))))
      dealt.reduce((least, lane) => (lane.length < least.length ? lane : least)).push(...part);
  return dealt.filter((lane) => lane.length > 0);
}

/** Consecutive parts whose lengths differ by one at most. */
function evenParts<T>(items: readonly T[], count: number): T[][] {
  const bound = (i: number) => Math.round((i * items.length) / count);
  return Array.from({ length: count }, (_, i) => items.slice(bound(i), bound(i + 1)));
}
