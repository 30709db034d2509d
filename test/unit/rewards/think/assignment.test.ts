import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assign } from '../../../../rewards/think/assignment.ts';

const total = (weights: number[][], pairs: readonly (readonly [number, number])[]) =>
  pairs.reduce((sum, [row, column]) => sum + weights[row]![column]!, 0);

/** The best total over all ways to pair rows with different columns, or with none. */
function bestTotal(weights: number[][], row = 0, taken: ReadonlySet<number> = new Set()): number {
  if (row === weights.length) return 0;
  let best = bestTotal(weights, row + 1, taken);
  for (const [column, weight] of weights[row]!.entries())
    if (!taken.has(column) && weight > 0)
      best = Math.max(best, weight + bestTotal(weights, row + 1, new Set([...taken, column])));
  return best;
}

test('takes the greatest sum, not the greatest pair', () => {
  expect(
    assign([
      [0.9, 0.8],
      [0.8, 0],
    ]).map(String),
  ).toEqual(['0,1', '1,0']);
});

test('leaves out pairs without weight', () => {
  expect(assign([[0, 0.5, -1]])).toEqual([[0, 1]]);
  expect(assign([[0, 0]])).toEqual([]);
});

test('takes empty matrices', () => {
  expect(assign([])).toEqual([]);
  expect(assign([[], []])).toEqual([]);
});

test('is one-to-one and optimal for every rectangular matrix', () => {
  const matrix = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 })).chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })), {
        minLength: columns,
        maxLength: columns,
      }),
      { minLength: rows, maxLength: rows },
    ),
  );
  fc.assert(
    fc.property(matrix, (weights) => {
      const pairs = assign(weights);
      expect(new Set(pairs.map(([row]) => row)).size).toBe(pairs.length);
      expect(new Set(pairs.map(([, column]) => column)).size).toBe(pairs.length);
      expect(total(weights, pairs)).toBeCloseTo(bestTotal(weights), 9);
    }),
    { seed: 7, numRuns: 300 },
  );
});
