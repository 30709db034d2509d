import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { gridOf, mapGrid, NumberGrid } from '../../../core/grid.ts';

describe('gridOf', () => {
  test('takes groups of any length, and refuses a value of another kind by its place', () => {
    const grid = gridOf(z.string());
    expect(grid.parse([['a', 'b'], [], ['c']])).toEqual([['a', 'b'], [], ['c']]);
    expect(grid.safeParse([['a'], ['b', 1]]).error!.issues).toMatchObject([{ path: [1, 1], expected: 'string' }]);
  });
});

test('a number grid holds null, and nothing else, where a completion has no number', () => {
  expect(NumberGrid.parse([[0, null]])).toEqual([[0, null]]);
  expect(NumberGrid.safeParse([[0, undefined]]).success).toBe(false);
  expect(NumberGrid.safeParse([[0, Number.NaN]]).success).toBe(false);
});

test('mapGrid changes values, not the layout', () => {
  expect(mapGrid([[1, 2], [], [3]], (x) => `${x}`)).toEqual([['1', '2'], [], ['3']]);
});
