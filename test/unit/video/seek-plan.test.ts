import { expect, test } from 'vitest';
import { planSeeks } from '../../../video/seek-plan.ts';

/** 25 frames a second, a key frame every ten seconds. */
function video(frames: number, more: object = {}) {
  const begins = Array.from({ length: frames }, (_, i) => i * 40_000);
  const steps = begins.map((begin, i) => ({ begin, key: i % 250 === 0, hidden: false }));
  const timeline = { begins, steps, durationSeconds: frames / 25, stated: true, blind: false, corrupt: false };
  return { timeline, codec: 'h264', width: 640, height: 360, ...more };
}

test('decodes from the key frame before each time to the frame after it', () => {
  const parts = planSeeks(video(10_000), [100.1, 4, 300])!;
  expect(parts.map(({ timeline: { begins } }) => [begins[0]! / 1e6, begins.at(-1)! / 1e6])).toEqual([
    [0, 4.04],
    [100, 100.12],
    [300, 300.04],
  ]);
  expect(parts.map(({ seekSeconds }) => seekSeconds?.toFixed(3))).toEqual([undefined, '100.131', '300.131']);
  expect(parts.map(({ until }) => until / 1e6)).toEqual([4.08, 100.16, 300.08]);
});

test('joins stretches that are near each other', () => {
  const parts = planSeeks(video(10_000), [105, 108, 111, 300])!;
  expect(parts.map(({ timeline: { begins } }) => [begins[0]! / 1e6, begins.at(-1)! / 1e6])).toEqual([
    [100, 111.04],
    [300, 300.04],
  ]);
});

test.each([
  ['the video is short', video(1000), [1, 30]],
  ['half of it would be decoded anyway', video(4000), [9, 19, 29, 39, 49, 59, 69, 79, 89, 99, 109, 119, 129]],
  ['there are too many stretches', video(100_000), Array.from({ length: 40 }, (_, i) => i * 100)],
  ['its pictures are too large for so many decoders', video(10_000, { width: 7680, height: 4320 }), [100, 300]],
  ['its codec promises nothing about key frames', video(10_000, { codec: 'mpeg4' }), [100, 300]],
  [
    'the container does not say when frames are shown',
    video(10_000, { timeline: { ...video(10_000).timeline, stated: false } }),
    [100],
  ],
])('decodes it all where %s', (_, info, times) => expect(planSeeks(info, times)).toBeUndefined());
