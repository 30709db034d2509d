import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findPython } from '../../../../cli/setup/python.ts';
import { PythonEnvironment } from '../../../../cli/setup/python-environment.ts';
import { sha256 } from '../../../../core/sha256.ts';

test('an environment that has lost its configuration has nothing: its Python would install into another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-environment-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [environment, lock] = [new PythonEnvironment(join(folder, 'env')), join(folder, 'some.lock')];
  await mkdir(join(environment.folder, 'bin'), { recursive: true });
  await symlink((await findPython()).executable, environment.bin('python'));
  await writeFile(lock, 'a==1');
  await writeFile(join(environment.folder, '.installed-some'), sha256('a==1'));
  expect(await environment.has(lock)).toBe(false);
});
