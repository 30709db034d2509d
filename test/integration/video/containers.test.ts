import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clip, frameOf } from '../../../video/clip.ts';
import { extractClip } from '../../../video/extract-frames.ts';
import { findFfmpeg } from '../../../video/ffmpeg-binary.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { probeVideo } from '../../../video/probe.ts';
import { frameOfGrey, makeVideo } from './make-video.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-containers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = FrameOptions.parse({});
const MIDDLES = [1, 4, 7, 10, 13, 16, 19, 22];

function numbersIn(clip: Clip): number[] {
  return Array.from({ length: clip.shape[0] }, (_, i) => {
    const frame = frameOf(clip, i);
    return frameOfGrey(frame.reduce((sum, level) => sum + level, 0) / frame.length);
  });
}

const good = ['-q:v', '2'];

describe('a video is read from', () => {
  test.each([
    ['MXF', 'a.mxf', { fps: 25, codec: ['-c:v', 'mpeg2video', '-pix_fmt', 'yuv420p', ...good] }],
    ['DV', 'a.dv', { width: 720, height: 576, fps: 25, codec: ['-c:v', 'dvvideo', '-pix_fmt', 'yuv420p'] }],
    ['raw MJPEG', 'a.mjpeg', { codec: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', ...good] }],
    [
      'raw MJPEG that is named .mp4',
      'mjpeg.mp4',
      { codec: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-f', 'mjpeg', ...good] },
    ],
    ['NUT', 'a.nut', { codec: ['-c:v', 'mpeg4', ...good] }],
    ['RealMedia', 'a.rm', { width: 176, height: 144, codec: ['-c:v', 'rv20', ...good] }],
    ['Flash', 'a.swf', { fps: 25, codec: ['-c:v', 'flv', ...good] }],
    ['WMV', 'a.wmv', { codec: ['-c:v', 'wmv2', ...good] }],
    ['raw MPEG-4', 'a.m4v', { fps: 25, codec: ['-c:v', 'mpeg4', ...good] }],
    ['raw H.263', 'a.h263', { width: 176, height: 144, fps: 25, codec: ['-c:v', 'h263', ...good] }],
    [
      'raw DNxHD',
      'a.dnxhd',
      { width: 1280, height: 720, fps: 25, codec: ['-c:v', 'dnxhd', '-b:v', '90M', '-pix_fmt', 'yuv422p'] },
    ],
    ['raw H.264', 'a.h264', { fps: 25 }],
    ['YUV4MPEG', 'a.y4m', { codec: ['-pix_fmt', 'yuv420p'] }],
    ['M2TS', 'a.m2ts', {}],
    ['Windows TV', 'a.wtv', { fps: 25, codec: ['-c:v', 'mpeg2video', ...good] }],
  ])('%s', async (_, name, recipe) => {
    await makeVideo(at(name), recipe);
    expect(numbersIn(await extractClip(at(name), options))).toEqual(MIDDLES);
  });
});

describe('is refused, and opens no other file', () => {
  const refused = (path: string, reason: RegExp) =>
    expect(probeVideo(path)).rejects.toMatchObject({ code: 'InvalidVideo', message: expect.stringMatching(reason) });
  const LIST = /: it is no video file but a list, a/;

  test.each([
    ['an HLS playlist', 'hls', () => '#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nother.mp4\n#EXT-X-ENDLIST\n'],
    ['a concat script', 'concat', () => `ffconcat version 1.0\nfile '${at('other.mp4')}'\n`],
    ['a session description', 'sdp', () => 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 5004 RTP/AVP 96\n'],
    ['subtitles', 'srt', () => '1\n00:00:00,000 --> 00:00:02,000\nA dog runs.\n'],
    ['a list of an IMF package', 'cpl.xml', () => '<?xml version="1.0"?><CompositionPlaylist/>'],
  ])('%s, whatever it is called', async (_, ending, content) => {
    await makeVideo(at('other.mp4'), { frames: 2 });
    for (const name of [`list.${ending}`, `${ending}.mp4`, `${ending}.mxf`, `${ending}.nut`]) {
      await writeFile(at(name), content());
      await refused(at(name), LIST);
    }
  });

  test('a pattern of names', async () => {
    await makeVideo(at('000.png'), { frames: 1, codec: ['-c:v', 'png', '-f', 'image2', '-update', '1'] });
    await copyFile(at('000.png'), at('%03d.png'));
    await refused(at('%03d.png'), LIST);
  });

  test('a container that is not allowed, with what it is and what to do', async () => {
    await makeVideo(at('frame.bmp'), { frames: 1, codec: ['-c:v', 'sgi', '-f', 'image2', '-update', '1'] });
    await refused(at('frame.bmp'), /: its container is none of those/);
  });

  test('what ffmpeg knows of lists, patterns, devices and sources is on no list of ours', async () => {
    const { path } = await findFfmpeg();
    const { CONTAINERS } = await import('../../../video/containers.ts');
    const closed = [
      'hls',
      'dash',
      'concat',
      'concatf',
      'imf',
      'sdp',
      'rtsp',
      'rtp',
      'sap',
      'image2',
      'lavfi',
      'avisynth',
    ];
    const sources = [
      'mlv',
      'vobsub',
      'webm_dash_manifest',
      'dvdvideo',
      'vapoursynth',
      'tty',
      'rawvideo',
      'data',
      'srt',
    ];
    const { stdout } = await promisify(execFile)(path, ['-hide_banner', '-devices']);
    const devices = [...stdout.matchAll(/^ *D[ E]? +(\S+)/gm)].flatMap((found) => found[1]!.split(','));
    expect(CONTAINERS.filter((name) => [...closed, ...sources, ...devices].includes(name))).toEqual([]);
    expect(new Set(CONTAINERS).size).toBe(CONTAINERS.length);
  });
});
