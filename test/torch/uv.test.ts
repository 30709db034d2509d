import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { installByUv, tooLittleRoom } from '../../cli/setup/uv.ts';
import { naming, refusal } from '../refusal.ts';

/** A lock file of one small package of the servers'. */
async function smallLock(folder: string, change = (text: string) => text): Promise<string> {
  const servers = await readFile(resolve('cli/setup/requirements/servers.lock'), 'utf8');
  const [entry] = /^itsdangerous==.*\n(?: {4}--hash.*\n)+/m.exec(servers)!;
  const path = join(folder, 'small.lock');
  await writeFile(path, change(entry));
  return path;
}

test('a package comes by uv with its hash checked, and shares its files with the cache', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-uv-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  // As on a fresh machine, where the folders above the cache do not exist either.
  process.env.UV_CACHE_DIR = join(folder, 'home', '.cache', 'uv');
  onTestFinished(() => {
    delete process.env.UV_CACHE_DIR;
  });
  const environment = new PythonEnvironment(join(folder, 'venv'));
  const install = { python: await findPython(), what: 'A small package', needed: 0 };

  const forged = await smallLock(folder, (text) => text.replaceAll(/sha256:\w{8}/g, 'sha256:00000000'));
  await expect(installByUv(environment, { ...install, lockFile: forged })).rejects.toEqual(
    refusal('MissingTool', 'itsdangerous'),
  );
  expect(await environment.has(forged)).toBe(false);

  const lockFile = await smallLock(folder);
  const unreachable = { UV_DEFAULT_INDEX: 'http://127.0.0.1:9/simple', UV_HTTP_RETRIES: '0' };
  Object.assign(process.env, unreachable);
  const away = installByUv(environment, { ...install, lockFile }).finally(() => {
    for (const name of Object.keys(unreachable)) delete process.env[name];
  });
  await expect(away).rejects.toEqual(refusal('MissingTool', lockFile, unreachable.UV_DEFAULT_INDEX));

  await installByUv(environment, { ...install, lockFile });
  expect(await environment.has(lockFile)).toBe(true);
  const [major, minor] = install.python.version;
  const installed = join(environment.folder, 'lib', `python${major}.${minor}`, 'site-packages', 'itsdangerous');
  expect((await stat(join(installed, '__init__.py'))).nlink).toBe(2);

  const lacking = { ...install, lockFile, needed: 1e18 };
  await expect(installByUv(environment, lacking)).rejects.toEqual(refusal('MissingTool', 'A small package'));
  expect(tooLittleRoom(folder, lacking, 1e9)).toEqual(naming('1000000000 GB', '1 GB'));
});
