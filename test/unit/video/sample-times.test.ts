import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleTimes } from '../../../video/sample-times.ts';

test('looks at the middle of each of equal segments', () => {
  expect(sampleTimes(4, 4)).toEqual([0.5, 1.5, 2.5, 3.5]);
  expect(sampleTimes(3, 8)).toEqual([0.1875, 0.5625, 0.9375, 1.3125, 1.6875, 2.0625, 2.4375, 2.8125]);
});

test('stays inside the video, in order, evenly', () => {
  const duration = fc.double({ min: 0.001, max: 10_000, noNaN: true });
  fc.assert(
    fc.property(duration, fc.integer({ min: 1, max: 768 }), (seconds, count) => {
      const times = sampleTimes(seconds, count);
      expect(times).toHaveLength(count);
      expect(times[0]).toBeGreaterThan(0);
      expect(times.at(-1)).toBeLessThan(seconds);
      for (let i = 1; i < count; i++) expect(times[i]! - times[i - 1]!).toBeCloseTo(seconds / count, 6);
    }),
  );
});
