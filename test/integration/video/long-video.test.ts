import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeFrames } from '../../../video/decode-frames.ts';
import { probeVideo } from '../../../video/probe.ts';
import { sampleTimes } from '../../../video/sample-times.ts';
import { hasIndex, planSeeks } from '../../../video/seek-plan.ts';
import { ffmpegTool } from './ffmpeg-tool.ts';

let folder: string;
const at = (name: string) => join(folder, name);

const SOURCE = ['-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=25:d=90'];
const x264 = (...more: readonly string[]) => [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '60', ...more],
];
const COPIES = ['mp4', 'mov', 'mkv', 'ts', 'flv'];
const ENCODED = {
  plain: x264('-bf', '0'),
  bframes: x264('-bf', '3'),
  open: x264('-bf', '3', '-x264-params', 'open-gop=1'),
} as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-long-'));
  for (const [name, how] of Object.entries(ENCODED)) await ffmpegTool(...SOURCE, ...how, at(`${name}.mkv`));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Eight frames: by seeking where the plan allows it, and out of a decoding of everything. */
async function bothWays(path: string) {
  const info = await probeVideo(path);
  const asked = { times: sampleTimes(info, { count: 8, sampling: 'middles' }), width: 56, height: 56 };
  const seeks = planSeeks(info, asked.times) !== undefined && (await hasIndex(path));
  const sought = await decodeFrames(path, info, asked, {});
  const all = await decodeFrames(path, { ...info, codec: 'one whose key frames promise nothing' }, asked, {});
  return {
    seeks,
    equal: sought.equals(all),
    distinct: new Set([0, 1, 2, 3, 4, 5, 6, 7].map((i) => all.subarray(i * 9408, i * 9408 + 9408).toString('latin1')))
      .size,
  };
}

describe('eight frames of a long video by seeking are those of a full decode', () => {
  const copies = Object.keys(ENCODED).flatMap((source) => COPIES.map((format) => [source, format] as const));
  test.each(copies)('%s in %s', async (source, format) => {
    await ffmpegTool('-i', at(`${source}.mkv`), '-c', 'copy', at(`${source}-copy.${format}`));
    const seeks = ['mp4', 'mov', 'mkv'].includes(format);
    expect(await bothWays(at(`${source}-copy.${format}`))).toEqual({ seeks, equal: true, distinct: 8 });
  });

  test.each(Object.keys(ENCODED))('%s behind an edit list', async (source) => {
    await ffmpegTool('-ss', '1.5', '-i', at(`${source}.mkv`), '-c', 'copy', at(`${source}-cut.mp4`));
    expect(await bothWays(at(`${source}-cut.mp4`))).toEqual({ seeks: true, equal: true, distinct: 8 });
  });

  test.each([
    [
      'a variable rate',
      'variable.mp4',
      true,
      x264('-vf', "setpts='(N+10*floor(N/7))/25/TB'", '-fps_mode', 'passthrough'),
    ],
    ['HEVC', 'hevc.mp4', true, ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=60']],
    ['VP8', 'vp8.webm', true, ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '60']],
    ['VP9', 'vp9.webm', true, ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '60']],
    ['fragments', 'fragments.mp4', true, x264('-movflags', 'frag_keyframe+empty_moov')],
    ['key frames that are refreshed bit by bit', 'refresh.mp4', true, x264('-x264-params', 'intra-refresh=1')],
    ['MPEG-4 part 2, which promises nothing', 'part2.mp4', false, ['-c:v', 'mpeg4', '-bf', '2', '-g', '60']],
  ] as const)(
    '%s',
    async (_, name, seeks, how) => {
      await ffmpegTool(...SOURCE, ...how, at(name));
      expect(await bothWays(at(name))).toEqual({ seeks, equal: true, distinct: 8 });
    },
    60_000,
  );
});
