import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holm } from '../../../core/holm.ts';

test('Holm’s correction gives what R and statsmodels give, in the order given', () => {
  // R 4.3: p.adjust(c(...), "holm"); statsmodels 0.14: multipletests(..., method="holm").
  const rounded = (values: number[]) => holm(values).map((value) => Number(value.toFixed(10)));
  expect(rounded([0.01, 0.02, 0.03, 0.04, 0.05])).toEqual([0.05, 0.08, 0.09, 0.09, 0.09]);
  expect(rounded([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  expect(rounded([0.4, 0.9])).toEqual([0.8, 0.9]);
  expect(rounded([0.6, 0.9])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});

test('it makes no value smaller, none larger than Bonferroni does, and keeps their order', () => {
  const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(values, (p) => {
      const corrected = holm(p);
      for (const [i, value] of p.entries()) {
        expect(corrected[i]).toBeGreaterThanOrEqual(value);
        expect(corrected[i]).toBeLessThanOrEqual(Math.min(1, value * p.length));
        for (const [j, other] of p.entries())
          if (value < other) expect(corrected[i]).toBeLessThanOrEqual(corrected[j]!);
      }
      expect(holm([...p].reverse())).toEqual([...corrected].reverse());
    }),
  );
});
