import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clip, frameOf } from '../../../video/clip.ts';
import { extractClip } from '../../../video/extract-frames.ts';
import { runFfmpeg } from '../../../video/ffmpeg-command.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { probeVideo } from '../../../video/probe.ts';
import { scaleFilter } from '../../../video/smart-resize.ts';
import { makeVideo, turnBy } from './make-video.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-colours-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = FrameOptions.parse({});
type Rgb = readonly [number, number, number];

function middleOf(clip: Clip): Rgb {
  const [, height, width] = clip.shape;
  const start = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3;
  return [...frameOf(clip, 3).subarray(start, start + 3)] as unknown as Rgb;
}

const x265 = ['-c:v', 'libx265', '-x265-params', 'log-level=none:qp=4'];
const HEVC = [...x265, '-pix_fmt', 'yuv420p10le'];
const VP9 = ['-c:v', 'libvpx-vp9', '-b:v', '2M', '-pix_fmt', 'yuv420p10le'];

interface Tags {
  matrix: string;
  primaries: string;
  transfer: string;
  range?: 'tv' | 'pc';
}

/** A video of one colour: what is painted are the values of the signal, and the tags say how they are meant. */
async function signal(
  name: string,
  rgb: Rgb,
  { matrix, primaries, transfer, range = 'tv' }: Tags,
  codec: readonly string[],
) {
  const pixels = codec[codec.indexOf('-pix_fmt') + 1];
  const coefficients = matrix.replace(/nc$/, '').replace('smpte170m', 'bt601');
  const converted = `scale=out_color_matrix=${coefficients}:out_range=${range}`;
  const tags = `setparams=colorspace=${matrix}:color_primaries=${primaries}:color_trc=${transfer}:range=${range}`;
  await makeVideo(at(name), { frames: 8, paint: () => rgb, filter: `${converted},format=${pixels},${tags}`, codec });
}

function near(shown: Rgb, expected: Rgb, by: number) {
  for (const [i, level] of shown.entries())
    expect(Math.abs(level - expected[i]!), `${shown} for ${expected}`).toBeLessThanOrEqual(by);
}

describe('HDR arrives as SDR of BT.709', () => {
  const hdr = (transfer: string): Tags => ({ matrix: 'bt2020nc', primaries: 'bt2020', transfer });
  // BT.709 colours at reference white in PQ and HLG, see test/unit/video/tone-map.test.ts; here in 8 bits.
  const [PQ_RED, HLG_RED, PQ_WHITE]: Rgb[] = [
    [136, 83, 56],
    [181, 68, 33],
    [148, 148, 148],
  ];

  test.each([
    ['red in PQ', 'pq.mp4', 'smpte2084', PQ_RED!, [250, 0, 0], HEVC],
    ['red in HLG', 'hlg.mp4', 'arib-std-b67', HLG_RED!, [250, 0, 0], HEVC],
    ['red in PQ, matroska', 'pq.mkv', 'smpte2084', PQ_RED!, [250, 0, 0], HEVC],
    ['red in HLG, transport stream', 'hlg.ts', 'arib-std-b67', HLG_RED!, [250, 0, 0], HEVC],
    ['red in HLG, WebM', 'hlg.webm', 'arib-std-b67', HLG_RED!, [250, 0, 0], VP9],
    ['white in PQ', 'white.mp4', 'smpte2084', PQ_WHITE!, [230, 230, 230], HEVC],
    ['red in PQ of 8 bits', 'pq8.mp4', 'smpte2084', PQ_RED!, [250, 0, 0], [...x265, '-pix_fmt', 'yuv420p']],
  ] as const)('%s', async (_, name, transfer, painted, shown, codec) => {
    await signal(name, painted, hdr(transfer), codec);
    near(middleOf(await extractClip(at(name), options)), shown, 24);
  });
});

describe('SDR arrives in the colours that were filmed', () => {
  const RED: Rgb = [220, 20, 20];
  const H264 = (pixels: string) => ['-c:v', 'libx264', '-qp', '4', '-pix_fmt', pixels];

  test.each([
    ['BT.709', { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' }, 'yuv420p'],
    ['BT.709, full range', { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', range: 'pc' }, 'yuv420p'],
    ['BT.601', { matrix: 'smpte170m', primaries: 'smpte170m', transfer: 'smpte170m' }, 'yuv420p'],
    [
      'BT.601, full range',
      { matrix: 'smpte170m', primaries: 'smpte170m', transfer: 'smpte170m', range: 'pc' },
      'yuv420p',
    ],
    ['BT.709 of 10 bits', { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' }, 'yuv420p10le'],
    ['the matrix of BT.2020 alone', { matrix: 'bt2020nc', primaries: 'bt709', transfer: 'bt709' }, 'yuv420p10le'],
  ] as const)('%s', async (title, tags, pixels) => {
    const name = `${title.replace(/\W/g, '')}.mp4`;
    await signal(name, RED, tags, H264(pixels));
    near(middleOf(await extractClip(at(name), options)), RED, 4);
  });

  test('BT.2020', async () => {
    // BT.709 red in the primaries of BT.2020, in the gamma of BT.1886.
    const tags = { matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'bt2020-10' };
    await signal('sdr2020.mp4', [210, 84, 46], tags, H264('yuv420p10le'));
    near(middleOf(await extractClip(at('sdr2020.mp4'), options)), [255, 0, 0], 24);
  });
});

describe('a picture is shown as ffmpeg turns it', () => {
  const halves = (_: number, x: number): Rgb => (x < 64 ? [220, 20, 20] : [20, 20, 220]);
  const recipe = { width: 128, height: 64, frames: 4, paint: halves };

  test.each([
    [0, 128, 64],
    [30, 128, 64],
    [45, 128, 64],
    [60, 128, 64],
    [89.8, 64, 128],
    [90, 64, 128],
    [135, 128, 64],
    [180, 128, 64],
    [270, 64, 128],
    [300, 128, 64],
  ])('turned by %d degrees', async (degrees, width, height) => {
    await makeVideo(at('turned.mp4'), recipe);
    await turnBy(at('turned.mp4'), degrees);
    expect(await probeVideo(at('turned.mp4'))).toMatchObject({ width, height });
    const clip = await extractClip(at('turned.mp4'), { ...options, maxPixels: 128 * 64 });
    // What ffmpeg's own player would have on screen.
    const scale = scaleFilter(clip.shape[2], clip.shape[1]);
    const { stdout } = await runFfmpeg({
      input: at('turned.mp4'),
      outputOptions: ['-frames:v', '1', '-vf', `${scale},format=rgb24`, '-f', 'rawvideo'],
    });
    expect(Buffer.compare(Buffer.from(frameOf(clip, 0)), stdout)).toBe(0);
  });

  test('turned by the pictures themselves', async () => {
    await makeVideo(at('upright.mp4'), recipe);
    await runFfmpeg({
      input: at('upright.mp4'),
      outputOptions: ['-c', 'copy', '-bsf:v', 'h264_metadata=display_orientation=insert:rotate=90'],
      output: at('sei.ts'),
    });
    expect(await probeVideo(at('sei.ts'))).toMatchObject({ width: 64, height: 128 });
    expect(await extractClip(at('sei.ts'), options)).toMatchObject({ shape: [8, 112, 56, 3] });
  });
});
