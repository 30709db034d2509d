import { describe, expect, test } from 'vitest';
import { decodedTimeline, needsDecoder } from '../../../video/decoded-timeline.ts';
import type { Timeline } from '../../../video/timeline.ts';

function timeline(begins: readonly number[], more: Partial<Timeline> = {}): Timeline {
  const steps = begins.map((begin, i) => ({ begin, key: i === 0, hidden: false }));
  return { begins, steps, durationSeconds: 1, stated: true, blind: false, corrupt: false, ...more };
}
const regular = Array.from({ length: 25 }, (_, i) => 40_000 * i);

describe('the decoder is asked for times', () => {
  test('not of a video of a fixed rate, nor of one of variable rate that states its times', () => {
    expect(needsDecoder(timeline(regular))).toBe(false);
    expect(needsDecoder(timeline(regular, { stated: false }))).toBe(false);
    expect(needsDecoder(timeline(regular.filter((_, i) => i % 7 !== 0)))).toBe(false);
  });

  test('of a variable rate without times, and of crowded times', () => {
    expect(
      needsDecoder(
        timeline(
          regular.filter((_, i) => i % 7 !== 0),
          { stated: false },
        ),
      ),
    ).toBe(true);
    expect(needsDecoder(timeline([...regular, 960_011, 960_022, 960_033, 960_044]))).toBe(true);
  });
});

describe('the timeline of the decoder', () => {
  test('of pictures at one moment, or that go back in time, the last is on screen', () => {
    const { begins, numbers } = decodedTimeline(
      timeline(regular.slice(0, 6)),
      [0, 40_000, 40_000, 30_000, 80_000, 90_000],
    );
    expect(begins).toEqual([0, 40_000, 80_000, 90_000]);
    expect(numbers).toEqual([0, 3, 4, 5]);
  });

  test('begins with the first decoded picture', () => {
    const { begins, durationSeconds } = decodedTimeline(timeline(regular), regular.slice(10));
    expect(begins[0]).toBe(400_000);
    expect(durationSeconds).toBeCloseTo(0.6, 6);
  });

  test('more than a tenth of the frames lost behind it: refused', () => {
    const some = regular.filter((_, i) => i < 10 || i > 13);
    expect(() => decodedTimeline(timeline(regular), some)).toThrow(/^4 of 25 frames/);
  });
});
