import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withHomeLock } from '../../../../cli/servers/home-lock.ts';

const home = () => mkdtemp(join(tmpdir(), 'videocap-lock-'));

it('lets one at a time in, and leaves nothing behind', async () => {
  const folder = await home();
  let inside = 0;
  const most: number[] = [];
  const work = () =>
    withHomeLock(folder, async () => {
      most.push(++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    });
  await Promise.all([work(), work(), work()]);
  expect(most).toEqual([1, 1, 1]);
  expect(await readdir(folder)).toEqual([]);
});

it('opens again when the work fails', async () => {
  const folder = await home();
  await expect(withHomeLock(folder, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await withHomeLock(folder, async () => 'in')).toBe('in');
});

it('does not wait for a holder that is gone', async () => {
  const folder = await home();
  await writeFile(join(folder, 'services.lock'), JSON.stringify({ pid: process.pid, started: 'at another time' }));
  expect(await withHomeLock(folder, async () => 'in')).toBe('in');
});
