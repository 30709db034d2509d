import { expect, test } from 'vitest';
import { NumberGrid } from '../../../core/grid.ts';
import { jsonBytes, parseJsonBytes } from '../../../core/json-in-parts.ts';
import { parseInParts } from '../../../core/parse-in-parts.ts';
import { settledEach } from '../../../core/settled-each.ts';
import { nextTurn, turnIsOver } from '../../../core/turns.ts';

/** Holds the process until the turn is over. */
function compute(): void {
  while (!turnIsOver()) Math.random();
}

/** How often a timer ran during the work. */
async function beatsDuring(work: () => Promise<unknown>): Promise<number> {
  let beats = 0;
  const timer = setInterval(() => beats++, 1);
  await work();
  clearInterval(timer);
  return beats;
}

test('a timer runs between the parts of a long computation, however many compute at once', async () => {
  const beats = await beatsDuring(() =>
    settledEach(Array.from({ length: 4 }), async () => {
      compute();
      await nextTurn();
      compute();
    }),
  );
  expect(beats).toBeGreaterThanOrEqual(2);
});

test('a timer runs while a large artifact is written, read and checked', async () => {
  const grid = Array.from({ length: 20_000 }, (_, i) => Array.from({ length: 32 }, (_, j) => i / (j + 1)));
  let bytes: Buffer | undefined;
  expect(await beatsDuring(async () => (bytes = await jsonBytes({ grid })))).toBeGreaterThanOrEqual(1);
  let read: { grid?: unknown } = {};
  expect(await beatsDuring(async () => (read = (await parseJsonBytes(bytes!)) as object))).toBeGreaterThanOrEqual(1);
  const checked = await parseInParts(NumberGrid, read.grid);
  expect(checked).toHaveLength(20_000);
  expect(checked.at(-1)).toEqual(grid.at(-1));
});

test('settledEach waits for all, and fails with the first error', async () => {
  let ended = 0;
  const all = settledEach([1, 2, 3], async (n) => {
    await nextTurn();
    if (n === 2) throw new Error('two');
    ended++;
    return n;
  });
  await expect(all).rejects.toThrow('two');
  expect(ended).toBe(2);
});
