import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { videoFinder } from '../../../../activities/benchmark/suites/find-videos.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-videos-'));
  await mkdir(join(folder, 'part'));
  for (const file of ['a.mp4', 'part/a.mp4', 'part/b.mp4', 'c.MP4', 'd.mkv', 'e.mp4', 'e.txt'])
    await writeFile(join(folder, file), '');
});
afterEach(() => rm(folder, { recursive: true }));

describe('videoFinder', () => {
  test.each([
    ['a path from the folder', 'part/a.mp4', 'part/a.mp4'],
    ['a path is preferred to the name elsewhere', 'a.mp4', 'a.mp4'],
    ['a name in a subfolder', 'b.mp4', 'part/b.mp4'],
    ['a folder that is not there', 'videos/b.mp4', 'part/b.mp4'],
    ['another extension', 'd.mp4', 'd.mkv'],
    ['another case', 'c.mp4', 'c.MP4'],
    ['the extension that was named, before others', 'e.mp4', 'e.mp4'],
  ])('%s', async (_, name, found) => {
    expect((await videoFinder(folder))(name)).toEqual({ path: join(folder, found) });
  });

  test('what is not there, or cannot be told', async () => {
    const find = await videoFinder(folder);
    expect(find('z.mp4')).toEqual({ missing: `there is no z.mp4 in ${folder}` });
    expect(find('other/a.mp4')).toEqual({ missing: `there are 2 files for a.mp4 in ${folder}` });
    expect(find('e.avi')).toEqual({ missing: `there are 2 files for e.avi in ${folder}` });
  });

  test('a folder that is none', async () => {
    await expect(videoFinder(join(folder, 'no'))).rejects.toThrow(/Video folder .*no is not there or no folder/);
  });
});
