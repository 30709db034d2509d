import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { allowConfig, requireAllowedConfig } from '../../../configs/allowed-configs.ts';

let folder: string;
let home: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'videocap-allowed-configs-')));
  home = join(folder, 'home');
  for (const name of ['home', 'lab', 'lab/deep', 'labour']) await mkdir(join(folder, name));
  for (const name of ['lab/a.yaml', 'lab/deep/b.yaml', 'labour/c.yaml', 'secret.yaml'])
    await writeFile(join(folder, name), 'seed: 2');
  await symlink(join(folder, 'secret.yaml'), join(folder, 'lab', 'link.yaml'));
});
afterAll(() => rm(folder, { recursive: true }));

const may = (name: string, folders = ['../lab']) =>
  requireAllowedConfig(join(folder, name), { home, folders, allowedPath: join(home, 'allowed.yaml') }).then(
    () => true,
    () => false,
  );

it.each(['lab/a.yaml', 'lab/deep/b.yaml', 'lab/deep/../a.yaml'])('in an allowed folder: %s', async (name) => {
  expect(await may(name)).toBe(true);
  expect(await may(name, [])).toBe(false);
});

it.each(['labour/c.yaml', 'lab/../secret.yaml', 'lab/link.yaml', 'lab/nothing.yaml'])('outside: %s', async (name) =>
  expect(await may(name)).toBe(false),
);

it('a path of those that ship is one', () => {
  const path = fileURLToPath(new URL('../../../configs/quickstart.yaml', import.meta.url));
  return requireAllowedConfig(path, { home, folders: [], allowedPath: '' });
});

it('one that the owner started a run with, by whatever path', async () => {
  expect(await may('labour/c.yaml')).toBe(false);
  await allowConfig(home, join(folder, 'lab', '..', 'labour', 'c.yaml'));
  expect(await may('labour/c.yaml')).toBe(true);
  expect(await may('secret.yaml')).toBe(false);
});

it('does not say whether there is such a file, and how to allow it', async () => {
  const refusal = (path: string) =>
    requireAllowedConfig(path, { home, folders: [], allowedPath: '/home/me/allowed.yaml' }).catch(
      ({ message }: Error) => message,
    );
  expect(await refusal('/etc/passwd')).toBe(
    'A run may not open /etc/passwd: start it with `videocap run /etc/passwd` where the workers are, or let ' +
      '/home/me/allowed.yaml allow the folder: configs: [/folder/of/configs].',
  );
  expect(await refusal('/etc/nothing')).toBe(
    ((await refusal('/etc/passwd')) as string).replaceAll('passwd', 'nothing'),
  );
});
