import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pickerFor, selectExpression, written } from '../../../video/frame-picker.ts';
import { lostFrames } from '../../../video/lost-frames.ts';
import { frameAt, type Timeline } from '../../../video/timeline.ts';

/** 25 frames a second, a key frame every ten; every frame depends on the one before. */
function timeline(frames: number, more: Partial<Timeline> = {}): Timeline {
  const begins = Array.from({ length: frames }, (_, i) => i * 40_000);
  const steps = begins.map((begin, i) => ({ begin, key: i % 10 === 0, hidden: false }));
  return { begins, steps, durationSeconds: frames / 25, stated: true, blind: false, corrupt: false, ...more };
}

test('shows what is on screen: the last frame that has begun', () => {
  expect([0, 0.039, 0.04, 0.0401, 0.99, 5].map((time) => frameAt(timeline(25), time))).toEqual([0, 0, 1, 1, 24, 24]);
  expect(frameAt(timeline(3, { begins: [1_000_000, 1_500_000, 1_700_000] }), 0.6)).toBe(1);
});

test('writes the frames that are asked for, in order, each once', () => {
  const video = timeline(25);
  const picker = pickerFor(video, [880_000, 80_000, 80_000, 480_000]);
  expect(written(picker, video, video.begins)).toEqual([2, 12, 22]);
});

test('writes the next frame for one that was lost, and the one before the end for the last', () => {
  const video = timeline(25);
  const decoded = video.begins.filter((_, i) => i !== 12 && i !== 24);
  const picker = pickerFor(video, [480_000, 960_000]);
  expect(written(picker, video, decoded).map((i) => decoded[i]! / 40_000)).toEqual([13, 23]);
});

test('does not mind times that are off by a rounding', () => {
  const video = timeline(25);
  const picker = pickerFor(video, [80_000, 480_000, 880_000]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -19_000, max: 19_000 }), { minLength: 25, maxLength: 25 }), (errors) => {
      const decoded = video.begins.map((begin, i) => begin + errors[i]!);
      expect(written(picker, video, decoded)).toEqual([2, 12, 22]);
    }),
  );
});

test('counts from the first decoded frame where the container does not say when frames are shown', () => {
  const video = timeline(25, { stated: false });
  const late = video.begins.map((begin) => begin + 80_000);
  expect(written(pickerFor(video, [80_000, 480_000]), video, late)).toEqual([2, 12]);
});

test('the filter lets through what is expected of it', () => {
  const picker = { moments: [60_000, 140_000] };
  expect(selectExpression(picker, timeline(5))).toBe(
    '(gte(pts,60000)*(1-gte(prev_pts,60000))+gte(pts,140000)*(1-gte(prev_pts,140000)))',
  );
});

const lostOf = (video: Timeline, missing: readonly number[]) =>
  lostFrames(video, { times: video.begins.filter((_, i) => !missing.includes(i)) }).flatMap((lost, i) =>
    lost ? [i] : [],
  );

test('a frame is lost that was not decoded', () => expect(lostOf(timeline(30), [15, 29])).toEqual([15, 29]));

test('with a key frame all frames are lost that depend on it', () =>
  expect(lostOf(timeline(30), [10])).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]));

test('with any frame of VP9, whose decoder goes on as if nothing were wrong', () =>
  expect(lostOf(timeline(30, { blind: true }), [13])).toEqual([13, 14, 15, 16, 17, 18, 19]));

test('a hidden key frame is not missed', () => {
  const video = timeline(10);
  const lead = { begin: -40_000, key: true, hidden: true };
  expect(lostOf({ ...video, steps: [lead, ...video.steps.map((step) => ({ ...step, key: false }))] }, [])).toEqual([]);
});
