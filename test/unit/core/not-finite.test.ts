import { expect, test } from 'vitest';
import { firstNotFinite, NotFinite, notFiniteText, notFiniteValue } from '../../../core/not-finite.ts';

test.each([
  [{ what: 'loss', value: 'NaN', samples: ['a'] }, 'the loss is NaN (sample a)'],
  [
    { what: 'gradient', value: 'Infinity', samples: ['a', 'b'], where: 'lm_head.weight' },
    'the gradient is Infinity (samples a, b; lm_head.weight)',
  ],
  [
    { what: 'weight after the update', value: '-Infinity', where: 'lm_head.weight' },
    'the weight after the update is -Infinity (lm_head.weight)',
  ],
  [
    { what: 'loss', value: 'NaN', samples: ['a', 'b', 'c', 'd', 'e', 'f'] },
    'the loss is NaN (samples a, b, c, d and 2 more)',
  ],
  [{ what: 'loss', value: 'NaN' }, 'the loss is NaN'],
] as const)('%j', (found, text) => expect(notFiniteText(NotFinite.parse(found))).toBe(text));

test.each([
  [[], undefined],
  [[0, -0, 1e-45, 3.4e38, -3.4e38], undefined],
  [[1, Number.NaN, Number.POSITIVE_INFINITY], 'NaN'],
  [[1, 2, Number.NEGATIVE_INFINITY], '-Infinity'],
  [[1e39], 'Infinity'],
])('the first of %j that is not finite: %s', (numbers, expected) => {
  expect(firstNotFinite(Float32Array.from(numbers))).toBe(expected);
});

test('a number that is finite has no name', () => {
  expect([notFiniteValue(1), notFiniteValue(Number.NaN)]).toEqual([undefined, 'NaN']);
});
