import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAddress, nameFrom, videoPath } from '../../../datasets/video-path.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-path-'));
  await mkdir(join(folder, 'clips'));
  for (const name of ['clips/my clip.mp4', 'clips/100%.mp4', 'clips/a%20b.mp4', 'clips/ä.mp4', 'file:odd.mp4'])
    await writeFile(join(folder, name), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['clips/my clip.mp4', 'clips/my clip.mp4'],
  ['file://clips/my%20clip.mp4', 'clips/my clip.mp4'],
  ['file:clips/my%20clip.mp4', 'clips/my clip.mp4'],
  ['FILE://./clips/my clip.mp4', 'clips/my clip.mp4'],
  ['file://clips/%C3%A4.mp4', 'clips/ä.mp4'],
  // What other trainers write: not encoded.
  ['file://clips/ä.mp4', 'clips/ä.mp4'],
  ['file://clips/100%.mp4', 'clips/100%.mp4'],
  ['file://clips/a%20b.mp4', 'clips/a%20b.mp4'],
  ['file:odd.mp4', 'file:odd.mp4'],
  ['file://none%20there.mp4', 'none there.mp4'],
])('%s is %s', async (name, path) => {
  expect(await videoPath(name, folder)).toBe(join(folder, path));
});

test('a URL with an absolute path is that path', async () => {
  expect(await videoPath('file:///data/my%20clip.mp4', folder)).toBe('/data/my clip.mp4');
  expect(await videoPath('file://localhost/data/a.mp4', folder)).toBe('/data/a.mp4');
  expect(await videoPath('file:/data/a.mp4', folder)).toBe('/data/a.mp4');
  expect(await videoPath('file:///a%00b.mp4', folder)).toBe('/a\0b.mp4');
});

test('other addresses are no paths', () => {
  expect(['https://x/a.mp4', 'data:video/mp4;base64,AA', 's3://a/b'].every(isAddress)).toBe(true);
  expect(['file:///a.mp4', 'a.mp4', '/a.mp4', 'c:/a.mp4'].some(isAddress)).toBe(false);
});

test('keeps a name right for a file in another folder', () => {
  expect(nameFrom('clips/a.mp4', '/data', '/data/out')).toBe('../clips/a.mp4');
  expect(nameFrom('file://clips/a%20b.mp4', '/data', '/data/out')).toBe('../clips/a b.mp4');
  for (const name of ['/x/a.mp4', 'file:///x/a.mp4', 'https://x/a.mp4'])
    expect(nameFrom(name, '/data', '/data/out')).toBe(name);
});
