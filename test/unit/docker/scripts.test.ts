import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, it } from 'vitest';

const run = promisify(execFile);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-docker-'));
});

/** The entry point of the images, with its secrets in a folder of the test. */
async function withSecrets(...program: string[]): Promise<string> {
  const script = (await readFile('docker/with-secrets.sh', 'utf8')).replace('/run/secrets/*', `${folder}/*`);
  return (await run('sh', ['-c', script, 'with-secrets.sh', ...program])).stdout;
}

it('a program has each secret as the variable that its file is named after', async () => {
  await writeFile(join(folder, 'KEY'), 'one two\n');
  for (const name of ['a.b', '1KEY', '-KEY']) await writeFile(join(folder, name), 'no variable');
  expect(await withSecrets('printenv', 'KEY')).toBe('one two\n');
});

it('does not start without a secret that cannot be read', async () => {
  await writeFile(join(folder, 'KEY'), 'hidden');
  // A file of the kernel that opens, and whose reading fails.
  await symlink('/proc/self/mem', join(folder, 'OTHER'));
  await expect(withSecrets('echo', 'started')).rejects.toMatchObject({ stdout: '', code: 1 });
});

it('MLflow is given any password of its database, apart from the address', async () => {
  const mlflow = join(folder, 'mlflow');
  await writeFile(mlflow, '#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$MLFLOW_BACKEND_STORE_URI" "$@"\n');
  await chmod(mlflow, 0o755);
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    ...{ POSTGRES_USER: 'me', POSTGRES_PASSWORD: 'p@ss/w:rd', POSTGRES_HOST: 'db', ARTIFACTS: 'a', ALLOWED_HOSTS: 'h' },
  };
  const { stdout } = await run('sh', ['docker/serve-mlflow.sh'], { env });
  const [password, address, ...args] = stdout.split('\n');
  expect([password, address]).toEqual(['p@ss/w:rd', 'postgresql://me@db/mlflow']);
  expect(args.join(' ')).not.toContain('p@ss');
});
