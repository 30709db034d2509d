import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shuffledAt, uniformAt } from '../../../core/random.ts';
import { tokenUniformAt } from '../../../policy/onnx/sampling/token-uniform.ts';

describe('counter-based randomness', () => {
  it('draws the same number at the same place and another elsewhere', () => {
    expect(uniformAt(1, ['rollout', 3, 'a', 0])).toBe(uniformAt(1, ['rollout', 3, 'a', 0]));
    expect(uniformAt(1, ['rollout', 3, 'a', 0])).not.toBe(uniformAt(2, ['rollout', 3, 'a', 0]));
    expect(uniformAt(1, ['ab', 'c'])).not.toBe(uniformAt(1, ['a', 'bc']));
    expect(uniformAt(1, [12, 3])).not.toBe(uniformAt(1, [1, 23]));
  });

  it('never changes between versions: runs of last month must resume', () => {
    expect(uniformAt(7, ['rollout', 1, 'sample', 0, 0])).toMatchInlineSnapshot(`0.7867024003546648`);
  });

  it('draws for a token what it draws elsewhere at that place', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.nat())), (seed, path) => {
        expect(tokenUniformAt(seed, path)).toBe(uniformAt(seed, path));
      }),
    );
    expect(tokenUniformAt(7, ['half of a character: \ud83d'])).toBe(uniformAt(7, ['half of a character: \ud83d']));
  });

  it('fills [0, 1) evenly', () => {
    const draws = Array.from({ length: 4000 }, (_, i) => uniformAt(5, [i]));
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
    const tenths = Array.from({ length: 10 }, (_, t) => draws.filter((d) => Math.floor(d * 10) === t).length);
    // Chi-squared with 9 degrees of freedom: 27.9 is the 0.1% point.
    expect(tenths.reduce((sum, n) => sum + (n - 400) ** 2 / 400, 0)).toBeLessThan(27.9);
  });

  it('shuffles into a permutation that depends on seed and place alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), fc.nat(), (items, seed, epoch) => {
        const order = shuffledAt(items, seed, ['epoch', epoch]);
        expect([...order].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
        expect(shuffledAt(items, seed, ['epoch', epoch])).toEqual(order);
      }),
    );
  });
});
