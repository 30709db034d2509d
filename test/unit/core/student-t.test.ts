import { expect, test } from 'vitest';
import { studentT } from '../../../core/student-t.ts';

test.each([
  // scipy 1.17: stats.t.ppf(0.975, degrees).
  [3, 3.18244631],
  [4, 2.77644511],
  [5, 2.57058184],
  [8, 2.30600414],
  [20, 2.08596345],
])('the quantile of %i degrees of freedom is that of scipy', (degrees, quantile) => {
  expect(Math.abs(studentT(0.975, degrees) / quantile - 1)).toBeLessThan(0.005);
});

test('few degrees of freedom give more than many, and a tail as much as the other', () => {
  expect(studentT(0.975, 2)).toBeGreaterThan(studentT(0.975, 3));
  expect(studentT(0.025, 7)).toBeCloseTo(-studentT(0.975, 7), 3);
});
