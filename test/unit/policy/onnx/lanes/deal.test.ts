import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deal } from '../../../../../policy/onnx/lanes/deal.ts';
import { paysInLanes } from '../../../../../policy/onnx/lanes/laned-model.ts';
import { useLast } from '../../../../../policy/onnx/lanes/use-last.ts';

test.each([
  [
    'two parts of two',
    [[1, 2, 3, 4]],
    2,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['three clips, of which one would be alone', [[1, 2, 3]], 2, [[1, 2, 3]]],
  [
    'five',
    [[1, 2, 3, 4, 5]],
    2,
    [
      [1, 2, 3],
      [4, 5],
    ],
  ],
  [
    'two shapes',
    [
      [1, 2],
      [3, 4, 5],
    ],
    2,
    [
      [1, 2],
      [3, 4, 5],
    ],
  ],
  ['clips that are alone anyway', [[1], [2], [3]], 2, [[1, 3], [2]]],
  [
    'fewer clips than lanes',
    [[1, 2, 3, 4]],
    4,
    [
      [1, 2],
      [3, 4],
    ],
  ],
])('%s', (_, groups, lanes, expected) => {
  expect(deal(groups, lanes)).toEqual(expected);
});

test('every item is dealt once; of a shape with several items none is alone in its lane', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 6 }), fc.integer({ min: 1, max: 5 }), (sizes, lanes) => {
      const groups = sizes.map((size, shape) => Array.from({ length: size }, (_, i) => ({ shape, i })));
      const dealt = deal(groups, lanes);
      expect(dealt.length).toBeLessThanOrEqual(lanes);
      expect(new Set(dealt.flat()).size).toBe(groups.flat().length);
      for (const lane of dealt)
        for (const [shape, group] of groups.entries())
          if (group.length > 1) expect(lane.filter((item) => item.shape === shape)).not.toHaveLength(1);
    }),
  );
});

test('lanes pay for several runs of about one size, unless these are small', () => {
  const runs = (...sizes: number[]) => sizes.map((tokens) => ({ tokens }));
  expect(paysInLanes(runs(900, 900, 900, 900), 2)).toBe(true);
  expect(paysInLanes(runs(1100, 1100), 4)).toBe(true);
  expect(paysInLanes(runs(3000), 2)).toBe(false);
  expect(paysInLanes(runs(2000, 600), 2)).toBe(false);
  expect(paysInLanes(runs(1000, 1000), 2)).toBe(false);
});

test('what was used last is kept; equal uses keep equal keys', () => {
  const kept = new Map<number, string>();
  const use = (key: number) => useLast(kept, key, () => `made ${key}`, 2);
  expect([use(1), use(2), use(1), use(3)]).toEqual(['made 1', 'made 2', 'made 1', 'made 3']);
  expect([...kept.keys()]).toEqual([1, 3]);
});
