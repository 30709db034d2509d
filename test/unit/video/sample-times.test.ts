import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleFilter, sampleTimes, timesFilter } from '../../../video/sample-times.ts';

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

test('writes the filter in microseconds, so that no frame is chosen by rounding', () => {
  expect(sampleFilter(3, 8)).toBe(
    'settb=AVTB,setpts=(PTS-STARTPTS)*8000000/3000000-500000,fps=fps=1:start_time=0:round=up',
  );
  expect(timesFilter([0.5, 2])).toBe(
    'settb=AVTB,setpts=(PTS-STARTPTS-500000.000)*1000000/1500000.000000,fps=fps=1:start_time=0:round=up',
  );
});
