import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupAdvantages } from '../../../algorithms/group-advantages.ts';
import { standardDeviation } from '../../../core/statistics.ts';

describe('groupAdvantages', () => {
  test('golden value: rewards [2, 1] give +-0.7070068 (reference implementation in torch, ddof 1, delta 1e-4)', () => {
    const [a, b] = groupAdvantages([2, 1], 'group');
    expect(a).toBeCloseTo(0.7070068, 7);
    expect(b).toBeCloseTo(-0.7070068, 7);
  });

  test('three rewards, by hand: mean 2, std sqrt(((1)^2 + 0 + 1) / 2) = 1', () => {
    const advantages = groupAdvantages([1, 2, 3], 'group');
    expect(advantages[0]).toBeCloseTo(-1 / 1.0001, 12);
    expect(advantages[1]).toBe(0);
    expect(advantages[2]).toBeCloseTo(1 / 1.0001, 12);
  });

  test('mean only for Dr. GRPO', () => {
    expect(groupAdvantages([3, 1, 2, 2], 'none')).toEqual([1, -1, 0, 0]);
  });

  test.each([[[0.1 + 0.2, 0.3]], [[1, 1, 1, 1]], [[5]]])('%j differs in nothing: all exactly 0', (rewards) => {
    expect(groupAdvantages(rewards, 'group')).toEqual(rewards.map(() => 0));
  });

  const rewards = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 16 });

  test('sum to 0, keep the order of the rewards, and ignore a constant added to all', () => {
    fc.assert(
      fc.property(rewards, fc.constantFrom('group' as const, 'none' as const), (group, scale) => {
        const advantages = groupAdvantages(group, scale);
        expect(advantages.reduce((sum, a) => sum + a, 0)).toBeCloseTo(0, 8);
        const best = group.indexOf(Math.max(...group));
        expect(advantages[best]).toBeCloseTo(Math.max(...advantages), 9);
        const shifted = groupAdvantages(
          group.map((reward) => reward + 1),
          scale,
        );
        for (const [i, advantage] of shifted.entries()) expect(advantage).toBeCloseTo(advantages[i]!, 4);
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  test('have a standard deviation just below 1', () => {
    fc.assert(
      fc.property(rewards, (group) => {
        fc.pre(standardDeviation(group) > 0.1);
        const spread = standardDeviation(groupAdvantages(group, 'group'));
        expect(spread).toBeLessThan(1);
        expect(spread).toBeGreaterThan(0.998);
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});
