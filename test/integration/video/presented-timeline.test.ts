import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frameOf } from '../../../video/clip.ts';
import { extractClip } from '../../../video/extract-frames.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { probeVideo } from '../../../video/probe.ts';
import { ffmpegTool } from './ffmpeg-tool.ts';
import { expectFrames, numbersIn, RAMP } from './ramp.ts';

const OPTIONS = FrameOptions.parse({});
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-qp', '4', '-g', '50', '-keyint_min', '50'];

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-timeline-'));
  const sound = ['-f', 'lavfi', '-i', 'sine=d=8', '-c:a', 'aac'];
  const picture = ['-f', 'lavfi', '-i', RAMP];
  const plain = ['-sc_threshold', '0'];
  await ffmpegTool(...picture, ...sound, ...H264, ...plain, '-bf', '3', at('b.mp4'));
  await ffmpegTool(...picture, ...sound, ...H264, ...plain, '-bf', '0', at('p.mp4'));
  await ffmpegTool(...picture, ...H264, ...plain, '-bf', '3', at('edits.mp4'));
  await ffmpegTool(...picture, ...H264, ...plain, '-bf', '3', '-x264-params', 'open-gop=1', at('open.mp4'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a clip cut by stream copy starts where its edit list says', () => {
  test.each(
    ['b', 'p', 'open'].flatMap((source) =>
      [0.5, 0.8, 2.04, 3.32].flatMap((start) => ['mp4', 'mov'].map((format) => [source, start, format] as const)),
    ),
  )('%s.mp4 from %d s, %s', async (source, start, format) => {
    const path = at(`cut-${source}-${start}.${format}`);
    await ffmpegTool('-ss', `${start}`, '-i', at(`${source}.mp4`), '-t', '3', '-c', 'copy', path);
    const { frames, durationSeconds } = await probeVideo(path);
    expect(frames).toBeGreaterThanOrEqual(75);
    expect(frames).toBeLessThanOrEqual(77);
    const clip = await extractClip(path, OPTIONS);
    expect(clip.durationSeconds).toBe(durationSeconds);
    expect(durationSeconds).toBeGreaterThanOrEqual(3);
    expect(durationSeconds).toBeLessThanOrEqual(3.2);
    const first = Math.round(start * 25);
    const shown = clip.times.map((time) => first + Math.floor(time * 25 + 1e-6));
    // At its end, a cut may leave out a frame between others, which stays on screen for as long.
    const numbers = numbersIn(clip);
    for (const [i, number] of shown.entries())
      expect(Math.abs(numbers[i]! - number), `${numbers} are not ${shown}`).toBeLessThan(2.1);
  });

  test('77 presented frames, after 0.8 s of hidden lead-in with B-frames', async () => {
    const pattern = ['-f', 'lavfi', '-i', 'testsrc2=s=224x128:r=25:d=10'];
    const codec = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-preset', 'veryfast', '-g', '250', '-bf', '3'];
    await ffmpegTool(...pattern, ...codec, at('pattern.mp4'));
    await ffmpegTool('-ss', '0.8', '-i', at('pattern.mp4'), '-t', '3', '-c', 'copy', at('cut.mp4'));
    expect(await probeVideo(at('cut.mp4'))).toMatchObject({ frames: 77, durationSeconds: 3.08 });
    const clip = await extractClip(at('cut.mp4'), OPTIONS);
    // Every frame twice.
    const all = await extractClip(at('cut.mp4'), { ...OPTIONS, count: 154 });
    const pictures = Array.from({ length: 77 }, (_, i) => Buffer.from(frameOf(all, 2 * i)).toString('latin1'));
    const numbers = Array.from({ length: 8 }, (_, i) =>
      pictures.indexOf(Buffer.from(frameOf(clip, i)).toString('latin1')),
    );
    expect(numbers).toEqual([4, 14, 24, 33, 43, 52, 62, 72]);
  });

  test('75 presented frames, without B-frames', async () => {
    const path = at('cut75.mp4');
    await ffmpegTool('-ss', '0.8', '-i', at('p.mp4'), '-an', '-t', '3', '-c', 'copy', path);
    expect(await probeVideo(path)).toMatchObject({ frames: 75, durationSeconds: 3 });
    const expected = [4, 14, 23, 32, 42, 51, 60, 70].map((frame) => 20 + frame);
    expectFrames(await extractClip(path, OPTIONS), expected);
  });
});

describe('an edit list of several segments shows each of them', () => {
  test.each<[string, readonly (readonly [first: number, frames: number])[]]>([
    [
      'on',
      [
        [25, 50],
        [110, 70],
      ],
    ],
    [
      'from a key frame on',
      [
        [0, 50],
        [150, 50],
      ],
    ],
    [
      'back',
      [
        [150, 50],
        [25, 50],
      ],
    ],
    [
      'the same again',
      [
        [30, 40],
        [30, 40],
      ],
    ],
    [
      'three, on and back',
      [
        [110, 30],
        [20, 30],
        [60, 30],
      ],
    ],
  ])('%s', async (name, segments) => {
    const path = at(`edit-${name}.mp4`);
    await writeFile(path, withSegments(await readFile(at('edits.mp4')), segments));
    const shown = segments.flatMap(([first, frames]) => Array.from({ length: frames }, (_, i) => first + i));
    const { frames, durationSeconds } = await probeVideo(path);
    // Where a segment ends, ffmpeg may leave out a frame or two, and moves the next one by as much.
    expect(Math.abs(frames - shown.length)).toBeLessThanOrEqual(2);
    expect(Math.abs(durationSeconds - shown.length / 25)).toBeLessThan(0.05);
    const clip = await extractClip(path, { ...OPTIONS, count: shown.length / 10 });
    const numbers = numbersIn(clip);
    for (const [i, time] of clip.times.entries())
      expect(Math.abs(numbers[i]! - shown[Math.floor(time * 25 + 1e-6)]!), `${numbers}`).toBeLessThan(2.5);
  });
});

/**
 * The edit list of the only track becomes one of these segments, in frames. Its table is the last thing in the file.
 */
function withSegments(file: Buffer, segments: readonly (readonly [first: number, frames: number])[]): Buffer {
  const mvhd = file.indexOf('mvhd') + 4;
  const mdhd = file.indexOf('mdhd') + 4;
  const [movie, media] = [file.readUInt32BE(mvhd + 12), file.readUInt32BE(mdhd + 12)];
  const place = file.indexOf('edts') - 4;
  const old = file.readUInt32BE(place);
  // When the first frame is shown.
  const origin = file.readUInt32BE(file.indexOf('elst') + 4 + 8 + 4);
  const entries = segments.map(([first, frames]) => {
    const entry = Buffer.alloc(12);
    entry.writeUInt32BE((frames * movie) / 25, 0);
    entry.writeUInt32BE(origin + (first * media) / 25, 4);
    entry.writeUInt32BE(0x10000, 8);
    return entry;
  });
  const edts = Buffer.concat([Buffer.alloc(24), ...entries]);
  edts.writeUInt32BE(edts.length, 0);
  edts.write('edts', 4);
  edts.writeUInt32BE(edts.length - 8, 8);
  edts.write('elst', 12);
  edts.writeUInt32BE(segments.length, 20);
  const changed = Buffer.concat([file.subarray(0, place), edts, file.subarray(place + old)]);
  for (const name of ['moov', 'trak']) {
    const box = file.indexOf(name) - 4;
    changed.writeUInt32BE(file.readUInt32BE(box) + edts.length - old, box);
  }
  return changed;
}

const MIDDLES = [12, 37, 62, 87, 112, 137, 162, 187];

describe('counts from the first frame that is shown, where', () => {
  test.each([
    ['the picture begins after the sound: an empty edit', 'late.mp4'],
    ['the picture begins after the sound: matroska', 'late.mkv'],
    ['the picture begins after the sound: MPEG-TS', 'late.ts'],
  ])('%s', async (_, name) => {
    const [picture, sound] = [at('b.mp4'), at('p.mp4')];
    await ffmpegTool(
      ...['-itsoffset', '1.5', '-i', picture, '-i', sound],
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c',
      'copy',
      at(name),
    );
    const clip = await extractClip(at(name), OPTIONS);
    expect(clip.durationSeconds).toBeCloseTo(8, 2);
    expectFrames(clip, MIDDLES);
  });

  test.each(['off.ts', 'off.mkv', 'off.mp4', 'off.flv'])('the file begins at 100 s: %s', async (name) => {
    await ffmpegTool('-i', at('b.mp4'), '-c', 'copy', '-copyts', '-output_ts_offset', '100', at(name));
    const clip = await extractClip(at(name), OPTIONS);
    expect(clip.durationSeconds).toBeCloseTo(8, 2);
    expectFrames(clip, MIDDLES);
  });

  test.each([
    ['AVI, which says only when to decode', 'order.avi', ['-c', 'copy']],
    ['bare H.264, which says nothing', 'bare.h264', ['-c', 'copy']],
    ['MPEG-PS, which says it for some frames', 'some.mpg', ['-c:v', 'mpeg2video', '-q:v', '2', '-bf', '2']],
  ])('%s', async (_, name, how) => {
    await ffmpegTool('-i', at('b.mp4'), '-an', ...how, at(name));
    const clip = await extractClip(at(name), OPTIONS);
    expect(clip.durationSeconds).toBeCloseTo(8, 2);
    expectFrames(clip, MIDDLES);
  });

  test('a cut leaves pictures that depend on what is gone', async () => {
    await ffmpegTool('-ss', '4.1', '-i', at('open.mp4'), '-c', 'copy', '-f', 'matroska', at('lean.mkv'));
    const { frames } = await probeVideo(at('lean.mkv'));
    expect(frames).toBeGreaterThanOrEqual(98);
    await extractClip(at('lean.mkv'), { ...OPTIONS, count: 24 });
  });
});

test.each([
  ['not(eq(n,60)+between(n,120,160))', 'a pause of more than a second and a missing frame'],
  ['not(between(n,30,190))', 'two pieces with a long pause between'],
])('MPEG-TS whose frames are not equally long is whole: %s, %s', async (kept) => {
  const path = at('variable.ts');
  const filter = `${RAMP},select='${kept}'`;
  await ffmpegTool('-f', 'lavfi', '-i', filter, '-fps_mode', 'passthrough', ...H264, '-bf', '0', path);
  const { frames, durationSeconds } = await probeVideo(path);
  const shown = [...Array(200).keys()].filter((n) =>
    kept.includes('60') ? n !== 60 && (n < 120 || n > 160) : n < 30 || n > 190,
  );
  expect(frames).toBe(shown.length);
  expect(durationSeconds).toBeCloseTo(8, 1);
  const clip = await extractClip(path, { ...OPTIONS, count: 16 });
  expectFrames(
    clip,
    clip.times.map((time) => shown.findLast((frame) => frame <= time * 25 + 1e-6)!),
  );
});

describe('pictures that lead the first key frame are shown where they depend on nothing else', () => {
  const HEVC = ['-c:v', 'libx265', '-preset', 'ultrafast', '-qp', '4', '-bf', '3'];
  const led = 'log-level=error:keyint=50:min-keyint=50:scenecut=0:open-gop=0:radl=3';
  test.each(['mp4', 'mov', 'ts'])('HEVC with RADL, cut: %s', async (format) => {
    await ffmpegTool('-f', 'lavfi', '-i', RAMP, ...HEVC, '-x265-params', led, at('radl.mp4'));
    const path = at(`radl-cut.${format}`);
    await ffmpegTool('-ss', '2.3', '-i', at('radl.mp4'), '-c', 'copy', '-copyts', path);
    const clip = await extractClip(path, OPTIONS);
    const last = 199;
    const first = last + 1 - Math.round(clip.durationSeconds * 25);
    expectFrames(
      clip,
      clip.times.map((time) => first + Math.floor(time * 25 + 1e-6)),
    );
  });

  test.each(['mp4', 'mkv', 'ts'])('VVC: %s', async (format) => {
    const path = at(`vvc.${format}`);
    await ffmpegTool('-f', 'lavfi', '-i', RAMP, '-c:v', 'libvvenc', '-preset', 'faster', '-qp', '10', path);
    expect(await probeVideo(path)).toMatchObject({ frames: 200, durationSeconds: 8 });
    expectFrames(await extractClip(path, OPTIONS), MIDDLES);
  });
});

describe('a picture that changes its size is seen to its end', () => {
  const SIZES = ['64x64', '128x96', '32x32'];

  test.each([
    ['H.264 files one after the other', 'sizes.h264', ['-c:v', 'libx264', '-bf', '0', '-f', 'h264']],
    ['MPEG-TS', 'sizes.ts', ['-c:v', 'libx264', '-bf', '2', '-f', 'mpegts']],
    ['MPEG-2', 'sizes2.ts', ['-c:v', 'mpeg2video', '-q:v', '2', '-f', 'mpegts']],
  ])('%s', async (_, name, how) => {
    for (const [i, size] of SIZES.entries()) {
      const grey = `color=black:s=${size}:r=25:d=2,format=yuv420p,geq=lum='16+N+${50 * i}':cb=128:cr=128`;
      await ffmpegTool('-f', 'lavfi', '-i', grey, ...how, at('part'));
      await appendFile(at(name), await readFile(at('part')));
    }
    const clip = await extractClip(at(name), { ...OPTIONS, count: 10 });
    expect(clip.shape).toEqual([10, 84, 84, 3]);
    expectFrames(clip, [7, 22, 37, 52, 67, 82, 97, 112, 127, 142]);
  });
});

describe('a text in the file decides nothing', () => {
  const TURN = 'displaymatrix: rotation of 90.00 degrees';
  test.each([
    ['partial', 'stream 0, offset 0x30: partial file'],
    ['ended', 'File ended prematurely at pos. 5'],
    ['moov', 'moov atom not found'],
    ['size', 'picture size 65535x65535 is invalid'],
    ['turn', `x\n      ${TURN}\n    Side data:\n      ${TURN}\n  Stream #0:0 -> #0:0 (copy)\nStream mapping:`],
  ])('a title that says %s', async (name, title) => {
    for (const format of ['mkv', 'mp4']) {
      const path = at(`${name}.${format}`);
      const texts = ['title', 'comment', title].flatMap((key) => ['-metadata', `${key.replaceAll('=', '')}=${title}`]);
      const stream = ['-metadata:s:v:0', `title=${title}`, '-metadata:s:v:0', `${title}=${title}`];
      await ffmpegTool('-i', at('p.mp4'), '-an', '-c', 'copy', ...texts, ...stream, path);
      expect(await probeVideo(path)).toMatchObject({ width: 64, height: 64, rotation: 0, frames: 200 });
      expectFrames(await extractClip(path, OPTIONS), MIDDLES);
    }
  });
});
