import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { videoFinder } from '../../../../benchmarks/suites/find-videos.ts';

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

  test('a link is taken where it stays in the folder, and the folder itself may be one', async () => {
    await symlink('part/b.mp4', join(folder, 'inside.mp4'));
    await symlink(folder, `${folder}-link`);
    try {
      expect((await videoFinder(folder))('inside.mp4')).toEqual({ path: join(folder, 'inside.mp4') });
      const find = await videoFinder(`${folder}-link`);
      expect(find('b.mp4')).toEqual({ path: join(`${folder}-link`, 'part/b.mp4') });
      expect(find('inside.mp4')).toEqual({ path: join(`${folder}-link`, 'inside.mp4') });
    } finally {
      await rm(`${folder}-link`);
    }
  });

  test('a link out of the folder is not taken, nor what a linked folder holds', async () => {
    await mkdir(join(folder, 'videos'));
    await symlink(join(folder, 'a.mp4'), join(folder, 'videos/out.mp4'));
    await symlink('../part', join(folder, 'videos/linked'));
    await symlink('nowhere', join(folder, 'videos/nowhere.mp4'));
    const [videos, target] = [join(folder, 'videos'), await realpath(join(folder, 'a.mp4'))];
    const find = await videoFinder(videos);
    for (const name of ['out.mp4', 'clips/out.mp4', 'out.avi'])
      expect(find(name), name).toEqual({
        missing:
          `Video ${join(videos, 'out.mp4')} is a link that leads out of ${videos}, to ${target}; copy that file ` +
          'there',
      });
    expect(find('linked/b.mp4')).toEqual({ missing: `there is no b.mp4 in ${videos}` });
    // Probing says what is wrong with it.
    expect(find('nowhere.mp4')).toEqual({ path: join(videos, 'nowhere.mp4') });
  });

  test('a folder that is none', async () => {
    await expect(videoFinder(join(folder, 'no'))).rejects.toThrow(/Video folder .*no is not there or no folder/);
  });
});
