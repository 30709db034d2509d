import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chosenBy, sampleTimes } from '../../../video/sample-times.ts';
import { frameAt, type Timeline } from '../../../video/timeline.ts';

const middles = (durationSeconds: number, count: number, bounds?: [number, number]) =>
  sampleTimes({ durationSeconds, frames: 100 }, { count, sampling: 'middles' }, bounds);

test('looks at the middle of each of equal segments', () => {
  expect(middles(4, 4)).toEqual([0.5, 1.5, 2.5, 3.5]);
  expect(middles(3, 8)).toEqual([0.1875, 0.5625, 0.9375, 1.3125, 1.6875, 2.0625, 2.4375, 2.8125]);
});

test('looks at a part of the video as it does at a whole one', () => {
  expect(middles(60, 4, [10, 14])).toEqual([10.5, 11.5, 12.5, 13.5]);
});

test('stays inside the video, in order, evenly', () => {
  const duration = fc.double({ min: 0.001, max: 10_000, noNaN: true });
  fc.assert(
    fc.property(duration, fc.integer({ min: 1, max: 768 }), (seconds, count) => {
      const times = middles(seconds, count);
      expect(times).toHaveLength(count);
      expect(times[0]).toBeGreaterThan(0);
      expect(times.at(-1)).toBeLessThan(seconds);
      for (let i = 1; i < count; i++) expect(times[i]! - times[i - 1]!).toBeCloseTo(seconds / count, 6);
    }),
  );
});

/** Frame numbers of a video of 25 frames a second. */
function ends(frames: number, count: number, bounds?: [number, number]): number[] {
  const video = { durationSeconds: frames / 25, frames };
  return sampleTimes(video, { count, sampling: 'ends' }, bounds).map((time) => Math.floor(time * 25));
}

// From `sample_frame_indices` of bytedance/tarsier, dataset/utils.py at 1b72e57.
test.each([
  [77, 8, [0, 11, 22, 33, 43, 54, 65, 76]],
  [75, 16, [0, 5, 10, 15, 20, 25, 30, 35, 39, 44, 49, 54, 59, 64, 69, 74]],
  [3, 8, [0, 0, 1, 1, 1, 1, 2, 2]],
  [1, 4, [0, 0, 0, 0]],
  [240, 4, [0, 80, 159, 239]],
  [2, 2, [0, 1]],
])('takes both ends of %i frames', (frames, count, numbers) => {
  expect(ends(frames, count)).toEqual(numbers);
});

test('takes both ends of a part: the frames on screen at its bounds', () => {
  // `sample_frame_indices(start_frame=12, total_frames=40, n_frames=8)`: frames 12 to 51.
  expect(ends(250, 8, [0.48, 2.04])).toEqual([12, 18, 23, 29, 34, 40, 45, 51]);
  expect(ends(250, 4, [9.9, 10])).toEqual([247, 248, 248, 249]);
});

test('looks at frames in their middle, whatever their number', () => {
  const count = fc.integer({ min: 1, max: 384 }).map((pairs) => pairs * 2);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), count, (frames, count) => {
      const times = sampleTimes({ durationSeconds: frames / 30, frames }, { count, sampling: 'ends' });
      expect(times).toHaveLength(count);
      expect(times[0]! * 30).toBeCloseTo(0.5, 6);
      expect(times.at(-1)! * 30).toBeCloseTo(frames - 0.5, 6);
      for (const [i, time] of times.entries()) {
        expect(time).toBeGreaterThanOrEqual(times[i - 1] ?? 0);
        expect((time * 30) % 1).toBeCloseTo(0.5, 5);
      }
    }),
  );
});

test('takes more frames of a longer part by `fps`', () => {
  const video = { durationSeconds: 60, frames: 1500 };
  const times = sampleTimes(video, { fps: 2, maxFrames: 768, sampling: 'middles' }, [10, 15]);
  expect(times).toEqual([10.25, 10.75, 11.25, 11.75, 12.25, 12.75, 13.25, 13.75, 14.25, 14.75]);
});

test('a video without a duration has one time', () => {
  expect(sampleTimes({ durationSeconds: 0, frames: 1 }, { count: 4, sampling: 'middles' })).toEqual([0, 0, 0, 0]);
  expect(sampleTimes({ durationSeconds: 0, frames: 1 }, { count: 4, sampling: 'ends' })).toEqual([0, 0, 0, 0]);
});

/** Frames of a fixed rate, as a container with a fine clock has them: they begin in whole microseconds. */
function fixedRate(frames: number, rate: number): Timeline {
  const begins = Array.from({ length: frames }, (_, i) => Math.round((i * 1e6) / rate));
  return { begins, durationSeconds: frames / rate, stated: true, steps: [], blind: false, corrupt: false };
}

const chosen = (timeline: Timeline, count: number) => {
  const middles = { count, sampling: 'middles' } as const;
  const { durationSeconds, begins } = timeline;
  const times = sampleTimes({ durationSeconds, frames: begins.length }, middles);
  return chosenBy(times, middles, [0, durationSeconds]).map((time) => frameAt(timeline, time));
};

test.each([
  [16, 30, 8, [1, 3, 4, 7, 8, 10, 13, 14]],
  [32, 30, 8, [1, 6, 10, 13, 18, 22, 26, 30]],
  [40, 30, 4, [4, 15, 25, 34]],
  [24, 8, 8, [1, 4, 7, 10, 13, 16, 19, 22]],
  [40, 25, 8, [2, 7, 12, 17, 22, 27, 32, 37]],
  // Frame 10 begins at 166,667 microseconds: just a millionth of a segment after the first middle, and so too late.
  [96, 60, 4, [12, 36, 60, 84]],
  [480, 60, 24, Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? 9 : 10) + 20 * i)],
])('of %i frames at %d a second, %i are those that earlier releases chose', (frames, rate, count, expected) => {
  expect(chosen(fixedRate(frames, rate), count)).toEqual(expected);
});

/**
 * The filters by which earlier releases chose: `settb=AVTB,setpts=(PTS-STARTPTS)*count*1000000/microseconds-500000`,
 * which cuts off what is behind the point, and `fps=1:round=up`, which shows the last frame that has begun.
 */
function byFilters({ begins, durationSeconds }: Timeline, count: number): number[] {
  const stretch = (count * 1e6) / Math.round(durationSeconds * 1e6);
  const stretched = begins.map((begin) => Math.trunc(begin * stretch - 500_000));
  return Array.from({ length: count }, (_, i) => stretched.findLastIndex((begin) => begin <= i * 1e6));
}

test('chooses the frames that earlier releases chose, of any ordinary rate', () => {
  const rate = fc.constantFrom(8, 10, 12, 15, 24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60, 120);
  const count = fc.constantFrom(2, 4, 6, 8, 10, 12, 16, 24, 32, 64);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 3000 }), rate, count, (frames, rate, count) => {
      const timeline = fixedRate(frames, rate);
      expect(chosen(timeline, count)).toEqual(byFilters(timeline, count));
    }),
    { numRuns: 2000, examples: [[480, 60, 24]] },
  );
});
