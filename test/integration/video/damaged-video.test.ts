import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extractClip } from '../../../video/extract-frames.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { lostPackets } from '../../../video/lost-packets.ts';
import { probeVideo } from '../../../video/probe.ts';
import { ffmpegTool } from './ffmpeg-tool.ts';

const OPTIONS = FrameOptions.parse({});
let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-damaged-'));
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=224x128:r=25:d=8'];
  const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50', '-qp', '20'];
  await ffmpegTool(...source, ...h264, '-movflags', '+faststart', at('h264.mp4'));
  await ffmpegTool(...source, ...h264, '-g', '25', '-slices', '4', '-bf', '2', at('slices.ts'));
  await ffmpegTool(...source, '-c:v', 'mpeg2video', '-g', '10', '-q:v', '4', at('mpeg2.ts'));
  await ffmpegTool(...source, '-c:v', 'libtheora', '-q:v', '6', '-g', '100', at('theora.ogv'));
  await ffmpegTool(
    ...source,
    '-c:v',
    'libvpx-vp9',
    '-deadline',
    'realtime',
    '-cpu-used',
    '8',
    '-g',
    '50',
    at('vp9.mp4'),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The same file with a share of its bytes overwritten from a place on, given as a share too. */
async function hurt(name: string, place: number, share: number, value = 0): Promise<string> {
  const bytes = await readFile(at(name));
  const from = Math.floor(bytes.length * place);
  bytes.fill(value, from, from + Math.ceil(bytes.length * share));
  await writeFile(at(`hurt-${name}`), bytes);
  return at(`hurt-${name}`);
}

const refused = (path: string, reason: RegExp) =>
  expect(extractClip(path, OPTIONS)).rejects.toMatchObject({
    code: 'InvalidVideo',
    message: expect.stringMatching(reason),
  });

describe('more than a tenth of the frames lost: set aside with the share', () => {
  test.each([
    ['H.264, zeros in the middle', 'h264.mp4', 0.4, 0.2],
    ['H.264, zeros at the end', 'h264.mp4', 0.8, 0.2],
    ['VP9, zeros in the middle', 'vp9.mp4', 0.4, 0.2],
    ['H.264 in slices in MPEG-TS, zeros in the middle', 'slices.ts', 0.3, 0.3],
    ['MPEG-2 in MPEG-TS, zeros in the middle', 'mpeg2.ts', 0.4, 0.2],
  ])('%s', async (_, name, place, share) =>
    refused(
      await hurt(name, place, share),
      /\d+ of \d+ frames \(\d+\.\d %\).* could not be decoded, the file is damaged; /,
    ),
  );

  test('two per cent of the bytes of 60 % of a file replaced', async () => {
    const bytes = await readFile(at('h264.mp4'));
    for (let i = Math.floor(bytes.length * 0.3); i < bytes.length * 0.9; i += 50) bytes[i] = (i * 37) & 255;
    await writeFile(at('sprinkled.mp4'), bytes);
    await refused(at('sprinkled.mp4'), /\d+ of 200 frames \([4-8]\d\.\d %\) could not be decoded/);
  });

  test('every tenth packet of a transport stream dropped', async () => {
    const bytes = await readFile(at('slices.ts'));
    const packets = Array.from({ length: bytes.length / 188 }, (_, i) => bytes.subarray(188 * i, 188 * (i + 1)));
    await writeFile(at('dropped.ts'), Buffer.concat(packets.filter((_, i) => i < 10 || i % 10 !== 0)));
    await refused(at('dropped.ts'), /\d+ of \d+ frames \(\d+\.\d %\) could not be decoded/);
  });
});

describe('packets that are missing without a mark', () => {
  const SOURCE = ['-f', 'lavfi', '-i'];
  const CODECS = {
    'H.264': ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50'],
    'H.264 with B-frames': ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-g', '50'],
    'H.264 with open groups': ['-c:v', 'libx264', '-preset', 'veryfast', '-x264-params', 'open-gop=1:keyint=50'],
    'MPEG-2': ['-c:v', 'mpeg2video', '-bf', '2', '-g', '25', '-q:v', '4'],
    HEVC: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-g', '50'],
    AV1: ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-g', '50'],
  };
  const all = Object.keys(CODECS).flatMap((codec) =>
    (codec === 'AV1' ? ['mp4'] : ['mp4', 'mkv', 'ts']).map((format) => [codec, format] as const),
  );

  test.each(all)('are noticed by what depends on them: %s in %s', async (codec, format) => {
    const [whole, dropped] = [at(`whole.${format}`), at(`some.${format}`)];
    const how = [...CODECS[codec as keyof typeof CODECS], '-pix_fmt', 'yuv420p'];
    await ffmpegTool(...SOURCE, 'testsrc2=s=96x64:r=25:d=8', ...how, whole);
    const drop = String.raw`noise=drop='between(n\,60\,66)+between(n\,110\,111)'`;
    await ffmpegTool('-i', whole, '-c', 'copy', '-bsf:v', drop, dropped);
    await refused(dropped, /^Video .*: \d+ of (19\d|200) frames \(\d+\.\d %\).* could not be decoded/);
  });

  test.each(all)('are none where an encoder got fewer pictures: %s in %s', async (codec, format) => {
    const fewer = String.raw`testsrc2=s=96x64:r=25:d=8,select='not(between(n\,60\,66)+between(mod(n\,37)\,3\,9))'`;
    const how = ['-fps_mode', 'passthrough', ...CODECS[codec as keyof typeof CODECS], '-pix_fmt', 'yuv420p'];
    await ffmpegTool(...SOURCE, fewer, ...how, at(`fewer.${format}`));
    const { timeline } = await probeVideo(at(`fewer.${format}`));
    expect(timeline.corrupt).toBe(false);
    expect((await extractClip(at(`fewer.${format}`), OPTIONS)).shape[0]).toBe(8);
  });
});

test('a key frame lost takes with it what depends on it, though the decoder goes on', async () => {
  const bytes = await readFile(at('vp9.mp4'));
  // The third of four key frames: a quarter of all frames.
  const keys = [...bytes.keys()].filter((i) => bytes[i] === 0x49 && bytes[i + 1] === 0x83 && bytes[i + 2] === 0x42);
  bytes.fill(0xff, keys[2]! - 1, keys[2]! + 40);
  await writeFile(at('key.mp4'), bytes);
  await refused(at('key.mp4'), /50 of 200 frames \(25\.0 %\) could not be decoded, the file is damaged/);
});

test('a damaged page of Ogg takes with it what depends on its frames, though the decoder goes on', async () => {
  expect(await lostPackets(at('theora.ogv'))).toBe(false);
  const bytes = await readFile(at('theora.ogv'));
  const page = bytes.indexOf('OggS', bytes.length * 0.55, 'latin1');
  const next = bytes.indexOf('OggS', page + 4, 'latin1');
  const flipped = Buffer.from(bytes);
  flipped[page + 200]! ^= 1;
  const without = Buffer.concat([bytes.subarray(0, page), bytes.subarray(next)]);
  for (const hurt of [flipped, without]) {
    await writeFile(at('page.ogv'), hurt);
    expect(await lostPackets(at('page.ogv'))).toBe(true);
    await refused(at('page.ogv'), /^Video .*: [6-9]\d of 200 frames .* could not be decoded/);
  }
});

test('a few frames lost between those that are asked for change nothing', async () => {
  const good = await extractClip(at('mpeg2.ts'), OPTIONS);
  // Frames 14 to 17 of 200; frame 12 and 37 are shown.
  const clip = await extractClip(await hurt('mpeg2.ts', 0.075, 0.001), OPTIONS);
  expect(Buffer.compare(clip.data as Buffer, good.data as Buffer)).toBe(0);
});
