import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ffmpegOptions, runFfmpeg } from '../../../video/ffmpeg-command.ts';
import { probeVideo } from '../../../video/probe.ts';
import { makeVideo } from './make-video.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-limits-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Three small pictures through a filter. */
const filtered = (filter: string) => ({
  input: Readable.from([1, 2, 3].map((level) => Buffer.alloc(256, level))),
  inputOptions: ['-f', 'rawvideo', '-pixel_format', 'gray', '-video_size', '16x16', '-framerate', '1'],
  outputOptions: ['-vf', filter, '-f', 'null'],
});

describe('a file cannot make ffmpeg open', () => {
  let server: Server;
  let address: string;
  const asked: string[] = [];
  beforeAll(async () => {
    await makeVideo(at('other.mp4'), { frames: 2 });
    await makeVideo(at('other.ts'), { frames: 2 });
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((closed) => server.close(closed)));

  const playlist = (target: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n${target}\n#EXT-X-ENDLIST\n`;
  const description = (target: string) =>
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" ' +
    'mediaPresentationDuration="PT3S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" ' +
    `bandwidth="1"><BaseURL>${target}</BaseURL></Representation></AdaptationSet></Period></MPD>`;
  const session = 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n';

  test.each([
    ['another host, by a playlist', 'host.m3u8', () => playlist(`${address}/a.ts`)],
    ['another host, by a playlist that is named .mp4', 'host.mp4', () => playlist(`${address}/a.ts`)],
    ['another file, by a playlist', 'file.m3u8', () => playlist('other.ts')],
    ['another file, by a concat script', 'list.ffconcat', () => 'ffconcat version 1.0\nfile other.mp4\n'],
    ['another host, by a concat script', 'list.mp4', () => `ffconcat version 1.0\nfile ${address}/b.mp4\n`],
    ['a concat: address', 'concat.m3u8', () => playlist('concat:other.ts|other.ts')],
    ['a data: address', 'data.m3u8', () => playlist('data:video/mp2t;base64,R0BAEAAAsA0AAcEAAAAB8AAqsQSy')],
    ['another host, by a DASH description', 'dash.mpd', () => description(`${address}/c.mp4`)],
    ['a network stream, by a session description', 'session.sdp', () => session],
  ])('%s', async (_, name, content) => {
    await writeFile(at(name), content());
    await expect(probeVideo(at(name))).rejects.toMatchObject({
      code: 'InvalidVideo',
      message: expect.stringMatching(/cannot be read: (it is no video file but a list|ffmpeg says ).*; check that/),
    });
    expect(asked).toEqual([]);
  });

  test.each([
    ['http:', () => `${address}/d.mp4`],
    ['concat:', () => `concat:${at('other.mp4')}`],
    ['data:', () => 'data:video/mp4;base64,AAAA'],
    ['file:', () => `file:${at('other.mp4')}`],
  ])('an address that is given as a name: %s', async (_, name) => {
    await expect(probeVideo(name())).rejects.toMatchObject({
      code: 'InvalidVideo',
      message: expect.stringMatching(/does not exist or is no file/),
    });
    expect(asked).toEqual([]);
  });
});

describe('ffmpeg is called with', () => {
  const { input, inputOptions, outputOptions } = ffmpegOptions({ input: '-i dash.mp4', outputOptions: ['-f', 'null'] });
  const value = (option: string) => inputOptions[inputOptions.indexOf(option) + 1];

  test('a name that cannot be an option', () => expect(input).toMatch(/^file:\/.*\/-i dash\.mp4$/));
  test('the protocol of the file and no other', () => expect(value('-protocol_whitelist')).toBe('file'));
  test('containers that hold a video themselves', () => {
    const formats = value('-format_whitelist')!.split(',');
    expect(formats).toEqual(expect.arrayContaining(['mp4', 'matroska', 'gif']));
    for (const list of ['hls', 'concat', 'dash', 'sdp', 'image2', 'lavfi', 'tty', 'rawvideo'])
      expect(formats).not.toContain(list);
  });
  test('no ear for the terminal', () => expect(inputOptions).toContain('-nostdin'));
  test('one thread to decode and one to filter', () => {
    expect([value('-threads'), value('-filter_threads'), value('-filter_complex_threads')]).toEqual(['1', '1', '1']);
  });
  test('bounds on pictures and on single pieces of memory', () => {
    expect([value('-max_pixels'), value('-max_alloc')]).toEqual([String(2 ** 26), String(2 ** 30)]);
  });
  test('its output at its end', () => expect(outputOptions).toEqual(['-y', '-nostats', '-f', 'null']));
  test('a pipe and nothing else, where the input is a stream', () => {
    const piped = ffmpegOptions({ input: Readable.from([]), outputOptions: [] }).inputOptions;
    expect(piped[piped.indexOf('-protocol_whitelist') + 1]).toBe('pipe');
  });
});

describe('ffmpeg is ended by', () => {
  test('a single piece of memory of more than 1 GiB', async () => {
    const huge = filtered('scale=16384:16384:flags=neighbor,format=rgb48le');
    await expect(runFfmpeg(huge)).rejects.toMatchObject({ kind: 'excess' });
  });

  test('more memory than it may have', async () => {
    const pictures = filtered('scale=8192:8192:flags=neighbor,format=rgb24,reverse');
    await expect(runFfmpeg({ ...pictures, memoryBytes: 700 * 2 ** 20 })).rejects.toMatchObject({
      kind: 'excess',
      message: 'ffmpeg needs more than 700 MiB of memory',
    });
  });

  test('more processor time than it may have', async () => {
    const costly = filtered('loop=loop=1000:size=3,scale=512:512,geq=lum=sin(X*Y)');
    await expect(runFfmpeg({ ...costly, computeSeconds: 1 })).rejects.toMatchObject({
      kind: 'excess',
      message: 'ffmpeg needs more than 1 s of computing',
    });
  });

  test('a file larger than it may write', async () => {
    const run = {
      ...filtered('null'),
      outputOptions: ['-vf', 'scale=64:64', '-f', 'rawvideo'],
      output: at('large.raw'),
    };
    await expect(runFfmpeg({ ...run, maxOutputBytes: 8192 })).rejects.toMatchObject({
      kind: 'excess',
      message: 'ffmpeg wrote more than 8192 bytes',
    });
  });

  test('any file at all, where it is to answer', async () => {
    const run = filtered('null');
    const twice = ['-f', 'rawvideo', at('aside.raw'), '-f', 'rawvideo'];
    await expect(runFfmpeg({ ...run, outputOptions: twice })).rejects.toMatchObject({ kind: 'excess' });
  });
});

describe('a program in the place of ffmpeg', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  /** `runFfmpeg` with a shell script for a program, which it finds anew. */
  async function withProgram(script: string) {
    const path = at('ffmpeg.sh');
    await writeFile(path, `#!/bin/sh\n[ "$1" = -version ] && echo ffmpeg version 9.0 && exit 0\n${script}\n`);
    await chmod(path, 0o755);
    vi.stubEnv('FFMPEG_PATH', path);
    vi.resetModules();
    return import('../../../video/ffmpeg-command.ts');
  }

  test('that crashes: the input is at fault', async () => {
    const { runFfmpeg: run } = await withProgram('[ "$1" = -encoders ] && exit 0\nkill -SEGV $$');
    await expect(run({ input: at('x.mp4'), outputOptions: [] })).rejects.toMatchObject({ kind: 'refused' });
  });

  test('that someone kills: the machine is at fault', async () => {
    const { runFfmpeg: run } = await withProgram('[ "$1" = -encoders ] && exit 0\nkill -KILL $$');
    await expect(run({ input: at('x.mp4'), outputOptions: [] })).rejects.toMatchObject({ kind: 'killed' });
  });

  test('that cannot start another thread: the machine is at fault', async () => {
    const fault = 'pthread_create() failed: Resource temporarily unavailable';
    const { runFfmpeg: run } = await withProgram(`echo '${fault}' >&2\nexit 245`);
    await expect(run({ input: at('x.mp4'), outputOptions: [] })).rejects.toMatchObject({ kind: 'killed' });
  });

  test('that complains without end: it is ended', async () => {
    const { runFfmpeg: run } = await withProgram('[ "$1" = -encoders ] && exit 0\nexec yes complaint >&2');
    await expect(run({ input: at('x.mp4'), outputOptions: [] })).rejects.toMatchObject({
      kind: 'excess',
      message: 'ffmpeg has more than 4 MiB of complaints',
    });
  });

  test('that is gone', async () => {
    const { runFfmpeg: run } = await withProgram('rm -f "$0"\nexit 0');
    await run({ input: at('x.mp4'), outputOptions: [] }).catch(() => undefined);
    expect(existsSync(at('ffmpeg.sh'))).toBe(false);
    await expect(run({ input: at('x.mp4'), outputOptions: [] })).rejects.toMatchObject({
      code: 'MissingTool',
      message: expect.stringMatching(/ffmpeg\.sh is gone; install it again or set FFMPEG_PATH/),
    });
  });
});
