import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clip, frameOf } from '../../../video/clip.ts';
import { extractClip } from '../../../video/extract-frames.ts';
import { runFfmpeg } from '../../../video/ffmpeg-command.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { probeVideo } from '../../../video/probe.ts';
import { frameOfGrey, makeVideo, turnClockwise } from './make-video.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-frames-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = FrameOptions.parse({});

/** Which frames of a numbered video a clip shows. */
function numbersIn(clip: Clip): number[] {
  return Array.from({ length: clip.shape[0] }, (_, i) => {
    const frame = frameOf(clip, i);
    return frameOfGrey(frame.reduce((sum, level) => sum + level, 0) / frame.length);
  });
}

/** RGB at a place given in shares of width and height. */
function pixelAt(clip: Clip, x: number, y: number, index = 0): number[] {
  const [, height, width] = clip.shape;
  const start = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
  return [...frameOf(clip, index).subarray(start, start + 3)];
}

describe('time', () => {
  test('shows what is on screen in the middle of equal segments', async () => {
    await makeVideo(at('plain.mp4'));
    const clip = await extractClip(at('plain.mp4'), options);
    expect(clip).toMatchObject({ shape: [8, 84, 84, 3], durationSeconds: 3 });
    expect(clip.data).toHaveLength(8 * 84 * 84 * 3);
    expect(numbersIn(clip)).toEqual([1, 4, 7, 10, 13, 16, 19, 22]);
  });

  test('goes by time, not by frame numbers, where the frame rate varies', async () => {
    // Frames 0..19 in the first second, then one a second: 20 at 1 s, 21 at 2 s, 22 at 3 s.
    const path = at('variable.mkv');
    await makeVideo(path, { frames: 23, fps: 20, filter: 'settb=1/1000,setpts=if(lt(N\\,20)\\,N*50\\,(N-19)*1000)' });
    const info = await probeVideo(path);
    expect(info.frames).toBe(23);
    const clip = await extractClip(path, options);
    const shown = (time: number) => (time < 1 ? Math.floor(time / 0.05 + 1e-9) : 19 + Math.floor(time));
    expect(numbersIn(clip)).toEqual(clip.times.map(shown));
    expect(numbersIn(clip).filter((n) => n >= 20).length).toBeGreaterThan(4);
  });

  test('counts from the first frame, whenever that is', async () => {
    await makeVideo(at('late.mkv'), { filter: 'settb=1/1000,setpts=(N*125+5000)' });
    const clip = await extractClip(at('late.mkv'), options);
    expect(clip.durationSeconds).toBeCloseTo(3, 1);
    expect(numbersIn(clip)).toEqual([1, 4, 7, 10, 13, 16, 19, 22]);
  });

  test('repeats frames where there are fewer than asked for', async () => {
    await makeVideo(at('single.mp4'), { frames: 1 });
    expect(numbersIn(await extractClip(at('single.mp4'), options))).toEqual(Array(8).fill(0));
    await makeVideo(at('three.mp4'), { frames: 3 });
    expect(numbersIn(await extractClip(at('three.mp4'), options))).toEqual([0, 0, 0, 1, 1, 2, 2, 2]);
  });

  test('takes as many frames as asked for', async () => {
    const clip = await extractClip(at('plain.mp4'), { ...options, count: 24 });
    expect(numbersIn(clip)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });
});

describe('picture', () => {
  /** Red left half, blue right half. */
  const halves = (width: number) => (_frame: number, x: number) =>
    x < width / 2 ? ([220, 20, 20] as const) : ([20, 20, 220] as const);

  test('honours the rotation that the file asks for', async () => {
    await makeVideo(at('turned.mp4'), { width: 128, height: 64, frames: 4, paint: halves(128) });
    await turnClockwise(at('turned.mp4'));
    expect(await probeVideo(at('turned.mp4'))).toMatchObject({ width: 64, height: 128, rotation: -90 });
    const clip = await extractClip(at('turned.mp4'), options);
    expect(clip.shape).toEqual([8, 112, 56, 3]);
    expect(pixelAt(clip, 0.5, 0.2)[0]).toBeGreaterThan(180);
    expect(pixelAt(clip, 0.5, 0.8)[2]).toBeGreaterThan(180);
  });

  test('keeps the aspect ratio of other shapes, in multiples of the factor', async () => {
    await makeVideo(at('wide.mp4'), { width: 320, height: 180, frames: 2, paint: halves(320) });
    const clip = await extractClip(at('wide.mp4'), options);
    expect(clip.shape).toEqual([8, 56, 112, 3]);
    expect(pixelAt(clip, 0.2, 0.5)[0]).toBeGreaterThan(180);
    expect(pixelAt(clip, 0.8, 0.5)[2]).toBeGreaterThan(180);
  });

  test('takes odd sizes', async () => {
    await makeVideo(at('odd.mkv'), { width: 101, height: 99, frames: 4, options: ['-pix_fmt', 'yuv444p'] });
    expect(await probeVideo(at('odd.mkv'))).toMatchObject({ width: 101, height: 99 });
    expect(numbersIn(await extractClip(at('odd.mkv'), options))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  test('knows pixels that are not square', async () => {
    await makeVideo(at('anamorphic.mp4'), { width: 64, height: 64, frames: 2, filter: 'setsar=2/1' });
    expect(await probeVideo(at('anamorphic.mp4'))).toMatchObject({ width: 128, height: 64 });
    expect(await extractClip(at('anamorphic.mp4'), options)).toMatchObject({ shape: [8, 56, 112, 3] });
  });

  test('gives the same bytes every time', async () => {
    const [a, b] = [await extractClip(at('wide.mp4'), options), await extractClip(at('wide.mp4'), options)];
    expect(Buffer.compare(a.data as Buffer, b.data as Buffer)).toBe(0);
  });
});

test.each([
  'it\'s "quoted".mp4',
  '-leading dash.mp4',
  'pipe:1.mp4',
  'http:video.mp4',
  'a%03d.mp4',
  'тест 视频 🎬.mp4',
  '[b]*?.mp4',
])('takes the file name %s', async (name) => {
  await makeVideo(at(name), { frames: 2 });
  expect(numbersIn(await extractClip(at(name), options))).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
});

describe('refuses', () => {
  const refused = (path: string, reason: RegExp) =>
    expect(extractClip(path, options)).rejects.toMatchObject({
      code: 'InvalidVideo',
      message: expect.stringMatching(reason),
    });

  test('a file that is not there', () => refused(at('none.mp4'), /Video .*none\.mp4 does not exist .*check the path/));

  test('a folder', () => refused(folder, /does not exist or is no file/));

  test('a file that is no video', async () => {
    await writeFile(at('text.mp4'), 'no video at all\n'.repeat(100));
    await refused(at('text.mp4'), /Video .*text\.mp4 cannot be read: .*; check that it plays/);
  });

  test('an empty file', async () => {
    await writeFile(at('empty.mp4'), '');
    await refused(at('empty.mp4'), /empty\.mp4 .*\(0 bytes\); copy or download/);
  });

  test('sound without pictures', async () => {
    await runFfmpeg({
      input: Readable.from([Buffer.alloc(16_000)]),
      inputOptions: ['-f', 's16le', '-ar', '8000', '-ac', '1'],
      outputOptions: ['-c:a', 'aac', '-f', 'mp4'],
      output: at('sound.mp4'),
    });
    await refused(at('sound.mp4'), /it has no video stream/);
  });

  test('a playlist, which could make ffmpeg open other files', async () => {
    const list = `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n${at('plain.mp4')}\n#EXT-X-ENDLIST\n`;
    await writeFile(at('list.m3u8'), list);
    await refused(at('list.m3u8'), /cannot be read/);
    await writeFile(at('concat.mp4'), `ffconcat version 1.0\nfile '${at('plain.mp4')}'\n`);
    await refused(at('concat.mp4'), /cannot be read/);
  });
});
