import { settled } from './settled.ts';
import { nextTurn, turnIsOver } from './turns.ts';

/** `settled` of what is begun for every item. What is begun computes, too: heartbeats are sent between. */
export async function settledEach<T, U>(items: readonly T[], begin: (item: T) => Promise<U>): Promise<U[]> {
  const begun: Promise<U>[] = [];
  for (const item of items) {
    const one = begin(item);
    // Its error is thrown below, when all have been begun.
    one.catch(() => undefined);
    begun.push(one);
    if (turnIsOver()) await nextTurn();
  }
  return settled(begun);
}
