import { execFile } from 'node:child_process';
import { link, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clip, frameOf } from '../../../video/clip.ts';
import { extractClip } from '../../../video/extract-frames.ts';
import { findFfmpeg } from '../../../video/ffmpeg-binary.ts';
import { runFfmpeg } from '../../../video/ffmpeg-command.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { probeVideo } from '../../../video/probe.ts';
import { renderingOf } from '../../../video/tone-map.ts';
import { naming } from '../../refusal.ts';
import { ffmpegTool } from './ffmpeg-tool.ts';
import { frameOfGrey, greyOf, makeVideo, turnClockwise } from './make-video.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-hostile-video-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = FrameOptions.parse({});

function numbersIn(clip: Clip): number[] {
  return Array.from({ length: clip.shape[0] }, (_, i) => {
    const frame = frameOf(clip, i);
    return frameOfGrey(frame.reduce((sum, level) => sum + level, 0) / frame.length);
  });
}

const MIDDLES = [1, 4, 7, 10, 13, 16, 19, 22];

/** The file is refused, in one line: this file, for this reason, and what to do. */
async function refused(name: string, reason: string, remedy = 'check that it plays') {
  const error = await extractClip(at(name), options).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'VideocapError', code: 'InvalidVideo' });
  expect(error.message).toEqual(naming(`Video ${at(name)} ${reason}`, `; ${remedy}`));
  expect(error.message).not.toContain('\n');
}

/** Whether the ffmpeg in use knows a container by this name. */
async function ffmpegReads(container: string): Promise<boolean> {
  const { path } = await findFfmpeg();
  const { stdout } = await promisify(execFile)(path, ['-hide_banner', '-demuxers']);
  return new RegExp(`^ *D[ d]* +${container} `, 'm').test(stdout);
}

describe('is refused with its reason', () => {
  test('zero bytes', async () => {
    await writeFile(at('zero.mp4'), '');
    await refused('zero.mp4', 'is empty (0 bytes)', 'copy or download it again.');
  });

  test.each([
    ['mp4 with its index at the end', 'cut.mp4', []],
    ['mp4 with its index at the start', 'cut-fast.mp4', ['-movflags', '+faststart']],
    ['matroska', 'cut.mkv', []],
  ])('truncated: %s', async (_, name, more) => {
    await makeVideo(at(name), { options: more });
    await truncate(at(name), Math.floor((await stat(at(name))).size * 0.6));
    await refused(name, 'cannot be read: it is cut short');
  });

  test('text renamed to .mp4', async () => {
    await writeFile(at('text.mp4'), 'A dog runs over the grass.\n'.repeat(1000));
    await refused('text.mp4', 'cannot be read: it is no video file');
  });

  test('audio only', async () => {
    await runFfmpeg({
      input: Readable.from([Buffer.alloc(16_000)]),
      inputOptions: ['-f', 's16le', '-ar', '8000', '-ac', '1'],
      outputOptions: ['-c:a', 'aac', '-f', 'mp4'],
      output: at('sound.mp4'),
    });
    await refused('sound.mp4', 'cannot be read: it has no video stream');
  });

  test('a picture', async () => {
    await makeVideo(at('picture.png'), { frames: 1, codec: ['-c:v', 'png', '-f', 'image2', '-update', '1'] });
    await refused('picture.png', 'cannot be read: it is no video file');
  });

  test('a picture of more than 8192 x 8192', async () => {
    // A GIF of one pixel that says it is 65535 x 65535.
    const gif = Buffer.from('R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=', 'base64');
    gif.writeUInt16LE(65_535, 6);
    gif.writeUInt16LE(65_535, 8);
    await writeFile(at('claims.gif'), gif);
    await refused('claims.gif', 'cannot be read: its picture is larger than 8192 x 8192');
  });

  test('a stream without the header that states its size', async () => {
    await ffmpegTool('-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=8:d=6', '-c:v', 'mpeg4', at('header.mp4'));
    await ffmpegTool('-i', at('header.mp4'), '-c', 'copy', at('headless.ts'));
    await refused('headless.ts', 'cannot be read: its stream has lost the header that states the size of its picture');
  });

  test('longer than a day', async () => {
    await makeVideo(at('years.mkv'), { frames: 3, filter: 'settb=1/1000,setpts=N*50000000' });
    await refused('years.mkv', 'cannot be read: it claims to last 100000 s, more than a day; cut it');
  });

  test('damaged in the middle of its pictures', async () => {
    await makeVideo(at('noise.mp4'));
    const bytes = await readFile(at('noise.mp4'));
    const start = bytes.indexOf('mdat') + 4;
    bytes.fill(0xa5, start + 64, start + 64 + Math.floor((bytes.length - start) * 0.9));
    await writeFile(at('noise.mp4'), bytes);
    await expect(extractClip(at('noise.mp4'), options)).rejects.toMatchObject({ code: 'InvalidVideo' });
  });
});

describe('is taken', () => {
  test('one frame', async () => {
    await makeVideo(at('one.mp4'), { frames: 1 });
    expect(numbersIn(await extractClip(at('one.mp4'), options))).toEqual(Array(8).fill(0));
  });

  test('8K', async () => {
    await makeVideo(at('8k.mp4'), { frames: 2, filter: 'scale=7680:4320:flags=neighbor' });
    expect(await probeVideo(at('8k.mp4'))).toMatchObject({ width: 7680, height: 4320 });
    expect(numbersIn(await extractClip(at('8k.mp4'), options))).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });

  test('4 h long', async () => {
    await makeVideo(at('long.mp4'), { fps: 1 / 60, frames: 240, paint: (frame) => Array(3).fill(frame) as never });
    const clip = await extractClip(at('long.mp4'), options);
    expect(clip.durationSeconds).toBeCloseTo(4 * 3600, 0);
    const minutes = Array.from({ length: 8 }, (_, i) => frameOf(clip, i)[0]!);
    for (const [i, minute] of minutes.entries()) expect(Math.abs(minute - (15 + 30 * i))).toBeLessThan(4);
  });

  test('odd size', async () => {
    await makeVideo(at('odd.mkv'), { width: 33, height: 71, options: ['-pix_fmt', 'yuv444p'] });
    expect(await probeVideo(at('odd.mkv'))).toMatchObject({ width: 33, height: 71 });
    expect(numbersIn(await extractClip(at('odd.mkv'), options))).toEqual(MIDDLES);
  });

  test('90-degree rotation', async () => {
    await makeVideo(at('turned.mp4'), { width: 128, height: 64 });
    await turnClockwise(at('turned.mp4'));
    const clip = await extractClip(at('turned.mp4'), options);
    expect(clip.shape).toEqual([8, 112, 56, 3]);
    expect(numbersIn(clip)).toEqual(MIDDLES);
  });

  test('a title that speaks of rotation turns nothing', async () => {
    const title = 'displaymatrix: rotation of 90.00 degrees';
    await makeVideo(at('title.mkv'), {
      width: 128,
      height: 64,
      options: ['-metadata:s:v:0', `title=${title}\n${title}`],
    });
    expect(await probeVideo(at('title.mkv'))).toMatchObject({ width: 128, height: 64, rotation: 0 });
  });

  test('variable frame rate', async () => {
    // Frames 0..11 in the first second, 12..23 in the next eleven.
    const filter = 'settb=1/1000,setpts=if(lt(N\\,12)\\,N*1000/12\\,(N-11)*1000)';
    await makeVideo(at('variable.mkv'), { filter });
    const clip = await extractClip(at('variable.mkv'), options);
    expect(numbersIn(clip)).toEqual(
      clip.times.map((time) => (time < 1 ? Math.floor(time * 12) : 11 + Math.floor(time))),
    );
  });

  test('HDR in 10 bit', async () => {
    const tags = 'setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc';
    const codec = ['-c:v', 'libx265', '-x265-params', 'log-level=none:qp=8', '-pix_fmt', 'yuv420p10le'];
    await makeVideo(at('hdr.mp4'), { codec, filter: `format=yuv420p10le,${tags}` });
    expect(await probeVideo(at('hdr.mp4'))).toMatchObject({ codec: 'hevc', colours: { primaries: 9, transfer: 16 } });
    const clip = await extractClip(at('hdr.mp4'), options);
    const { render } = renderingOf({ primaries: 9, transfer: 16 });
    for (const [i, frame] of MIDDLES.entries()) {
      const [shown] = render(Buffer.from(new Uint16Array(3).fill(greyOf(frame) * 257).buffer));
      expect(Math.abs(frameOf(clip, i)[0]! - shown!)).toBeLessThanOrEqual(3);
    }
  });

  test('GIF', async () => {
    await makeVideo(at('animated.gif'), { codec: ['-c:v', 'gif'], filter: 'format=gray' });
    expect((await probeVideo(at('animated.gif'))).frames).toBe(24);
    expect(numbersIn(await extractClip(at('animated.gif'), options))).toEqual(MIDDLES);
  });

  test('animated WebP, by an ffmpeg that reads it; by an older one it is refused as a picture', async () => {
    await makeVideo(at('animated.webp'), { codec: ['-c:v', 'libwebp_anim', '-lossless', '1'] });
    if (!(await ffmpegReads('webp_anim'))) return refused('animated.webp', 'cannot be read: it is no video file');
    expect(await probeVideo(at('animated.webp'))).toMatchObject({
      frames: 24,
      durationSeconds: 3,
      width: 64,
      height: 64,
    });
    expect(numbersIn(await extractClip(at('animated.webp'), options))).toEqual(MIDDLES);
  });

  test('AVI, which does not say when frames are shown', async () => {
    await makeVideo(at('old.avi'));
    expect((await probeVideo(at('old.avi'))).durationSeconds).toBeCloseTo(3, 1);
    expect(numbersIn(await extractClip(at('old.avi'), options))).toEqual(MIDDLES);
  });

  test.each([
    ['quotes', `it's "quoted" \`echo\` $(echo).mp4`],
    ['a newline', 'two\nlines.mp4'],
    ['a leading dash', '-i.mp4'],
    ['a protocol', 'concat:a|b.mp4'],
    ['a pattern', 'a%03d*.mp4'],
  ])('file name with %s', async (_, name) => {
    await makeVideo(at('named.mp4'));
    await link(at('named.mp4'), at(name));
    expect(numbersIn(await extractClip(at(name), options))).toEqual(MIDDLES);
  });

  test('a link', async () => {
    await makeVideo(at('linked.mp4'));
    await symlink(at('linked.mp4'), at('link.mp4'));
    expect(numbersIn(await extractClip(at('link.mp4'), options))).toEqual(MIDDLES);
  });
});

test('a file name with a newline is written as one line', async () => {
  await writeFile(at('bad\nname.mp4'), 'x');
  await expect(probeVideo(at('bad\nname.mp4'))).rejects.toMatchObject({
    message: expect.stringMatching(/^Video ".*\/bad\\nname\.mp4" cannot be read: [^\n]*$/),
  });
});
