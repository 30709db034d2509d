import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isNewEnough, lookForFfmpeg } from '../../../video/ffmpeg-binary.ts';

let folder: string;
const path = process.env.PATH;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-ffmpeg-'));
  process.env.PATH = join(folder, 'bin');
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true, force: true });
});

/** A program that says it is ffmpeg of some version. */
async function fakeFfmpeg(version: string, ...place: string[]): Promise<string> {
  const file = join(folder, ...place);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho "ffmpeg version ${version} Copyright (c) the FFmpeg developers"\n`);
  await chmod(file, 0o755);
  return file;
}
const bundled = [
  '.venv',
  'lib',
  'python3.11',
  'site-packages',
  'imageio_ffmpeg',
  'binaries',
  'ffmpeg-linux-x86_64-v9.0.2',
];

test.each([
  ['5.1.9-0+deb12u1', true],
  ['n9.0.2-17-g2a571b6068-20260930', true],
  ['10.0', true],
  ['N-118193-g5f38c82536', true],
  ['4.4.2-0ubuntu0.22.04.1', false],
  ['n4.4', false],
  ['unknown', false],
])('version %s is new enough: %s', (version, answer) => {
  expect(isNewEnough(version)).toBe(answer);
});

test('FFMPEG_PATH comes first', async () => {
  await fakeFfmpeg('7.1', 'bin', 'ffmpeg');
  const own = await fakeFfmpeg('6.0', 'own', 'ffmpeg');
  expect(await lookForFfmpeg(own, folder)).toMatchObject({ path: own, version: '6.0' });
});

test('a wrong FFMPEG_PATH is an error, not a reason to take another one', async () => {
  await fakeFfmpeg('7.1', 'bin', 'ffmpeg');
  const old = await fakeFfmpeg('4.2', 'own', 'ffmpeg');
  await expect(lookForFfmpeg(old, folder)).rejects.toMatchObject({
    code: 'MissingTool',
    message: expect.stringMatching(/FFMPEG_PATH=.*own\/ffmpeg is ffmpeg 4\.2; point it at ffmpeg >= 5 or unset it/),
  });
  await expect(lookForFfmpeg('/nowhere/ffmpeg', folder)).rejects.toMatchObject({
    message: expect.stringContaining('FFMPEG_PATH=/nowhere/ffmpeg is no ffmpeg that runs here'),
  });
});

test('then the one on PATH, then the one that set-up installed', async () => {
  const installed = await fakeFfmpeg('n9.0.2', ...bundled);
  expect(await lookForFfmpeg(undefined, folder)).toMatchObject({ path: installed, version: 'n9.0.2' });
  await fakeFfmpeg('4.4', 'bin', 'ffmpeg');
  expect(await lookForFfmpeg(undefined, folder)).toMatchObject({ path: installed, version: 'n9.0.2' });
  await fakeFfmpeg('7.1', 'bin', 'ffmpeg');
  expect(await lookForFfmpeg(undefined, folder)).toMatchObject({ path: 'ffmpeg', version: '7.1' });
});

test('says how to get one when there is none', async () => {
  await expect(lookForFfmpeg(undefined, folder)).rejects.toMatchObject({
    code: 'MissingTool',
    message: expect.stringMatching(
      /No ffmpeg >= 5 found on PATH or in \.venv; install ffmpeg, run "npm run quickstart"/,
    ),
  });
});
