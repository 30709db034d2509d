import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Clip, frameOf } from '../../../video/clip.ts';
import { extractClip } from '../../../video/extract-frames.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { refusal } from '../../refusal.ts';
import { frameOfGrey, makeVideo } from './make-video.ts';

let folder: string;
/** 38 frames, 8 a second. */
const video = () => join(folder, 'long.mp4');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-segments-'));
  await makeVideo(video(), { frames: 38 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function numbersIn(clip: Clip): number[] {
  return Array.from({ length: clip.shape[0] }, (_, i) => {
    const frame = frameOf(clip, i);
    return frameOfGrey(frame.reduce((sum, level) => sum + level, 0) / frame.length);
  });
}

const numbers = async (options: object, segment: object = {}) =>
  numbersIn(await extractClip(video(), FrameOptions.parse(options), segment));

test('takes both ends, as Tarsier does', async () => {
  // `[round(i * 37 / 7) for i in range(8)]`
  expect(await numbers({ sampling: 'ends' })).toEqual([0, 5, 11, 16, 21, 26, 32, 37]);
  expect(await numbers({ sampling: 'ends', count: 2 })).toEqual([0, 37]);
  const many = await numbers({ sampling: 'ends', count: 768, minPixels: 784, maxPixels: 784 });
  expect([many.length, new Set(many).size, many[0], many.at(-1)]).toEqual([768, 38, 0, 37]);
});

test('takes frames by the second', async () => {
  expect(await numbers({ fps: 2 })).toEqual([2, 7, 11, 16, 21, 26, 30, 35]);
  expect(await numbers({ fps: 2, maxFrames: 4 })).toHaveLength(4);
  expect(await numbers({ fps: 100 })).toEqual(Array.from({ length: 38 }, (_, i) => i));
  expect(await numbers({ fps: 0.1 })).toHaveLength(4);
});

test('takes the frames of a segment', async () => {
  expect(await numbers({ count: 4 }, { start: 1, end: 2 })).toEqual([9, 11, 13, 15]);
  expect(await numbers({ count: 4 }, { start: 4 })).toEqual([32, 34, 35, 37]);
  expect(await numbers({ count: 4 }, { end: 1 })).toEqual([1, 3, 5, 7]);
  expect(await numbers({ count: 2, sampling: 'ends' }, { start: 1, end: 2 })).toEqual([8, 16]);
  expect(await numbers({ fps: 4 }, { start: 1, end: 3 })).toEqual([9, 11, 13, 15, 17, 19, 21, 23]);
  // Shorter than a frame: what is on screen.
  expect(await numbers({ count: 4 }, { start: 2.02, end: 2.03 })).toEqual([16, 16, 16, 16]);
});

test('an end after the end of the video is the end; the times are those in the video', async () => {
  const clip = await extractClip(video(), FrameOptions.parse({ count: 2 }), { start: 2.75, end: 100 });
  expect(clip.times).toEqual([3.25, 4.25]);
  expect(numbersIn(clip)).toEqual([26, 34]);
});

test('a frame that begins at the very time is chosen as in earlier releases', async () => {
  const path = join(folder, 'thirtieths.mp4');
  await makeVideo(path, { fps: 30, frames: 16 });
  const clip = await extractClip(path, FrameOptions.parse({}));
  expect(numbersIn(clip)).toEqual([1, 3, 4, 7, 8, 10, 13, 14]);
  const all = await extractClip(path, FrameOptions.parse({}), { start: 0, end: 9 });
  expect(Buffer.compare(all.data as Buffer, clip.data as Buffer)).toBe(0);
});

test('refuses a segment that has nothing of the video', async () => {
  await expect(numbers({}, { start: 4.75, end: 9 })).rejects.toEqual(
    refusal('InvalidVideo', video(), '4.75 s', '4.75 s', '"start"', '"end"'),
  );
  await expect(numbers({}, { start: 2, end: 2 })).rejects.toThrow(/from 2 s to 2 s is empty; set an "end"/);
});
