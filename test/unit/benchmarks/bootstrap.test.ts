import { describe, expect, test } from 'vitest';
import { bootstrap, measureAlone, measureWithBounds, pairedBootstrap } from '../../../benchmarks/bootstrap.ts';
import { uniformAt } from '../../../core/random.ts';

const average = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

describe('bootstrap', () => {
  test('of a share is close to the normal approximation', () => {
    // 40 of 100: 0.4 +- 1.96 * sqrt(0.4 * 0.6 / 100) = 0.304 to 0.496.
    const clips = Array.from({ length: 100 }, (_, i) => (i < 40 ? 1 : 0));
    const { low, high } = bootstrap(clips, average);
    expect(Math.abs(low - 0.304)).toBeLessThan(0.015);
    expect(Math.abs(high - 0.496)).toBeLessThan(0.015);
  });

  test('is the same every time', () => {
    const clips = Array.from({ length: 30 }, (_, i) => uniformAt(1, ['clip', i]));
    expect(bootstrap(clips, average)).toEqual(bootstrap(clips, average));
  });

  test('of clips that are all alike has no width', () => {
    expect(bootstrap([0.5, 0.5, 0.5], average)).toEqual({ low: 0.5, high: 0.5 });
    expect(bootstrap([1], average)).toEqual({ low: 1, high: 1 });
  });

  test('covers the true mean about 95 times in 100', () => {
    let covered = 0;
    for (let world = 0; world < 100; world++) {
      const clips = Array.from({ length: 60 }, (_, i) => uniformAt(9, [world, i]));
      const { low, high } = bootstrap(clips, average);
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(88);
    expect(covered).toBeLessThanOrEqual(99);
  });

  test('of nothing is refused', () => {
    expect(() => bootstrap([], average)).toThrow('A bootstrap needs at least one clip.');
  });
});

describe('measureWithBounds', () => {
  const clips = Array.from({ length: 40 }, (_, i) => uniformAt(3, ['clip', i]));
  const numbersOf = (some: readonly number[]) => ({ mean: average(some), most: Math.max(...some) });

  test('gives every number with the bounds it would have alone', async () => {
    const mean = bootstrap(clips, average);
    const most = bootstrap(clips, (some) => Math.max(...some));
    expect(await measureWithBounds(clips, numbersOf)).toEqual({
      ...{ mean: average(clips), meanLow: mean.low, meanHigh: mean.high },
      ...{ most: Math.max(...clips), mostLow: most.low, mostHigh: most.high },
    });
    expect(await measureAlone(clips, numbersOf)).toEqual(numbersOf(clips));
  });

  test('claims nothing without clips', async () => {
    expect(await measureWithBounds([], numbersOf)).toEqual({});
    expect(await measureAlone([], numbersOf)).toEqual({});
  });

  test('draws once for all numbers, and lets others have their turn all along', async () => {
    let [calls, most, working] = [0, 0, true];
    const others = (async () => {
      while (working) {
        most = Math.max(most, calls);
        calls = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    let all = 0;
    await measureWithBounds(clips, (some) => {
      calls++;
      all++;
      return numbersOf(some);
    });
    working = false;
    await others;
    expect(all).toBe(1001);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(100);
  });
});

describe('pairedBootstrap', () => {
  const before = Array.from({ length: 50 }, (_, i) => uniformAt(2, ['before', i]));

  test('a constant gain is certain, however much the clips vary', () => {
    const result = pairedBootstrap(
      before,
      before.map((score) => score + 0.1),
      average,
    );
    expect(result.difference).toBeCloseTo(0.1, 9);
    expect(result.low).toBeCloseTo(0.1, 9);
    expect(result.high).toBeCloseTo(0.1, 9);
  });

  test('no gain is no gain', () => {
    expect(pairedBootstrap(before, before, average)).toEqual({ difference: 0, low: 0, high: 0 });
  });

  test('needs the same clips', () => {
    expect(() => pairedBootstrap([1], [1, 2], average)).toThrow(/same clips: 1 and 2/);
  });
});
