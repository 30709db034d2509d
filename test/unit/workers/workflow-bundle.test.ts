import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, kept } from '../../../workers/workflow-bundle.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-bundle-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a kept bundle', () => {
  const file = () => join(folder, 'cache', 'workflows.js');
  let made = 0;
  const make = async () => `bundle ${++made}\nwith lines`;
  beforeEach(() => {
    made = 0;
  });

  it('is made once for the same sources, and again for others', async () => {
    expect(await kept(file(), 'a', make)).toBe('bundle 1\nwith lines');
    expect(await kept(file(), 'a', make)).toBe('bundle 1\nwith lines');
    expect(await kept(file(), 'b', make)).toBe('bundle 2\nwith lines');
    expect(await kept(file(), 'a', make)).toBe('bundle 3\nwith lines');
    expect(await readdir(join(folder, 'cache'))).toEqual(['workflows.js']);
  });

  it.each([
    ['cut off', (text: string) => text.slice(0, -3)],
    ['empty', () => ''],
    ['changed', (text: string) => text.replace('lines', 'limes')],
  ])('is made again when its file is %s', async (_, damage) => {
    await kept(file(), 'a', make);
    await writeFile(file(), damage(await readFile(file(), 'utf8')));
    expect(await kept(file(), 'a', make)).toBe('bundle 2\nwith lines');
    expect(await kept(file(), 'a', make)).toBe('bundle 2\nwith lines');
  });

  it('is made every time where nothing can be kept', async () => {
    await writeFile(join(folder, 'cache'), 'a file where the folder should be');
    expect(await kept(file(), 'a', make)).toBe('bundle 1\nwith lines');
    expect(await kept(file(), 'a', make)).toBe('bundle 2\nwith lines');
  });
});

describe('the digest of the sources', () => {
  it('changes with any source, its name, and what is installed, and with nothing else', async () => {
    await mkdir(join(folder, 'core', 'deep'), { recursive: true });
    const write = (name: string, text: string) => writeFile(join(folder, name), text);
    await write('package-lock.json', '{}');
    await write('core/a.ts', 'a');
    await write('core/deep/b.ts', 'b');
    const digest = () => digestOf(folder, ['core']);
    const digests = [await digest()];
    await write('core/notes.md', 'not a source');
    expect(await digest()).toBe(digests[0]);
    await write('core/deep/b.ts', 'c');
    digests.push(await digest());
    await rm(join(folder, 'core/deep/b.ts'));
    digests.push(await digest());
    await write('core/deep/c.ts', 'c');
    digests.push(await digest());
    await write('package-lock.json', '{"lockfileVersion":3}');
    digests.push(await digest());
    expect(new Set(digests).size).toBe(5);
  });
});
