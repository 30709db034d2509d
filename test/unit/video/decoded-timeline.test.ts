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

test('the decoder is asked for times where a key frame is shown before what comes before it', () => {
  const steps = [0, 40, 80, 120].map((ms, i) => ({ begin: 1000 * ms, key: i === 0, hidden: false }));
  const joined = [100, 140, 180].map((ms, i) => ({ begin: 1000 * ms, key: i === 0, hidden: false }));
  const all = [...steps, ...joined];
  const begins = all.map(({ begin }) => begin).sort((a, b) => a - b);
  expect(needsDecoder(timeline(begins, { steps: all }))).toBe(true);
  const sound = [0, 80, 40, 160, 120, 100].map((ms, i) => ({ begin: 1000 * ms, key: i % 3 === 0, hidden: false }));
  expect(
    needsDecoder(
      timeline(
        [0, 40, 80, 100, 120, 160].map((ms) => 1000 * ms),
        { steps: sound },
      ),
    ),
  ).toBe(false);
});

describe('the timeline of the decoder', () => {
  test('whose times the packets state is one that can be sought in, with a moment for each picture', () => {
    const times = [0, 40_000, 40_078, 80_000];
    const found = decodedTimeline(timeline([0, 40_000, 80_000]), times);
    expect(found.begins).toEqual(times);
    expect(found.numbers).toBeUndefined();
    expect(decodedTimeline(timeline([0, 40_000, 60_000, 80_000]), times).numbers).toBeDefined();
  });

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
