import { expect, test } from 'vitest';
import { OptimizerConfig } from '../../../../../algorithms/optimizer-config.ts';
import { learningRateAt } from '../../../../../policy/learning-rate.ts';

const rates = (settings: Partial<OptimizerConfig>, total: number) => {
  const optimizer = OptimizerConfig.parse({ learningRate: 1, ...settings });
  return Array.from({ length: total }, (_, i) => learningRateAt(i + 1, total, optimizer));
};

test('constant is constant', () => {
  expect(rates({ schedule: 'constant' }, 3)).toEqual([1, 1, 1]);
});

test('warm-up rises linearly to the full rate, which the next step still has', () => {
  expect(rates({ schedule: 'constant', warmupSteps: 4 }, 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  expect(rates({ schedule: 'linear', warmupSteps: 2 }, 6)).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25]);
});

test('linear and cosine fall from the full rate, and no step is wasted at 0', () => {
  expect(rates({ schedule: 'linear' }, 4)).toEqual([1, 0.75, 0.5, 0.25]);
  const cosine = rates({ schedule: 'cosine' }, 4);
  expect(cosine[0]).toBe(1);
  expect(cosine[2]).toBeCloseTo(0.5, 12);
  expect(cosine[3]).toBeCloseTo((1 + Math.cos(0.75 * Math.PI)) / 2, 12);
});

test('a warm-up longer than the run, and steps beyond its end, stay finite and within the rate', () => {
  expect(rates({ schedule: 'cosine', warmupSteps: 10 }, 3)).toEqual([0.1, 0.2, 0.3]);
  expect(learningRateAt(9, 4, OptimizerConfig.parse({ learningRate: 1, schedule: 'linear' }))).toBe(0);
});
