import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frameOf } from '../../../video/clip.ts';
import { extractClip } from '../../../video/extract-frames.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { ffmpegTool } from './ffmpeg-tool.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-transparent-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const OPTIONS = FrameOptions.parse({});
/** Red, of which the right half is transparent. */
const HALF = "color=red:s=84x84:r=10:d=2,format=rgba,geq=r=255:g=0:b=0:a='if(lt(X,42),255,0)'";

/** RGB left and right of the middle. */
async function halves(path: string): Promise<number[][]> {
  const clip = await extractClip(path, OPTIONS);
  const frame = frameOf(clip, 3);
  const [, height, width] = clip.shape;
  const pixel = (x: number) => [...frame.subarray(3 * ((height / 2) * width + x), 3 * ((height / 2) * width + x) + 3)];
  return [pixel(Math.floor(width / 4)), pixel(Math.floor((3 * width) / 4))];
}

test.each([
  ['APNG', 'a.apng', ['-c:v', 'apng']],
  ['VP9 in WebM', 'vp9.webm', ['-c:v', 'libvpx-vp9', '-pix_fmt', 'yuva420p', '-crf', '10', '-b:v', '0']],
  ['VP8 in WebM', 'vp8.webm', ['-c:v', 'libvpx', '-auto-alt-ref', '0', '-pix_fmt', 'yuva420p', '-b:v', '2M']],
  ['QuickTime Animation', 'a.mov', ['-c:v', 'qtrle']],
  ['ProRes 4444', 'prores.mov', ['-c:v', 'prores_ks', '-profile:v', '4444', '-pix_fmt', 'yuva444p10le']],
  ['PNG in QuickTime', 'png.mov', ['-c:v', 'png']],
])('what is transparent is white, as on a web page: %s', async (_, name, how) => {
  await ffmpegTool('-f', 'lavfi', '-i', HALF, ...how, at(name));
  const [left, right] = await halves(at(name));
  expect(left![0]).toBeGreaterThan(245);
  expect(Math.max(left![1]!, left![2]!)).toBeLessThan(12);
  expect(Math.min(...right!)).toBeGreaterThan(245);
});

test.each([
  ['GIF', 'a.gif', ['-filter_complex', '[0:v]split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse']],
  ['WebM without transparency', 'plain.webm', ['-c:v', 'libvpx-vp9', '-pix_fmt', 'yuv420p', '-crf', '10', '-b:v', '0']],
])('a picture that is not transparent is as it was: %s', async (_, name, how) => {
  await ffmpegTool('-f', 'lavfi', '-i', 'color=red:s=84x84:r=10:d=2', ...how, at(name));
  for (const [red, green, blue] of await halves(at(name))) {
    expect(red).toBeGreaterThan(245);
    expect(Math.max(green!, blue!)).toBeLessThan(12);
  }
});
