/**
 * `Promise.all` that rejects only when every promise has settled: answers on their way from a judge are paid for, and
 * must reach the ledger before the stage ends.
 */
export async function settled<const T extends readonly Promise<unknown>[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as { -readonly [K in keyof T]: Awaited<T[K]> };
}
