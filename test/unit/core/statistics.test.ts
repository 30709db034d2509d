import { expect, test } from 'vitest';
import { isUniform, mean, standardDeviation } from '../../../core/statistics.ts';

test('mean and standard deviation (ddof 1)', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(standardDeviation([1, 2, 6])).toBeCloseTo(Math.sqrt((4 + 1 + 9) / 2), 12);
  expect(standardDeviation([4])).toBe(0);
});

test.each([[[0.1 + 0.2, 0.3]], [[1, 1, 1, 1]], [[5]], [[]]])('%j differs in nothing', (rewards) => {
  expect(isUniform(rewards)).toBe(true);
});

test.each([[[0, 1e-8]], [[1, 1, 1.5]]])('%j differs', (rewards) => {
  expect(isUniform(rewards)).toBe(false);
});
