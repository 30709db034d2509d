import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporal } from './temporal-server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const execute = promisify(execFile);

/** An empty folder, with the package as npm installs it: what it lists in `files`, and its dependencies beside it. */
let folder: string;
let installed: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-package-'));
  const modules = join(folder, 'node_modules');
  installed = join(modules, 'videocap-r1');
  await mkdir(join(installed, 'cli'), { recursive: true });
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  expect(files).toEqual(['cli/videocap.mjs', 'dist']);
  for (const file of ['package.json', 'cli/videocap.mjs']) await cp(join(ROOT, file), join(installed, file));
  const build = ['core/run-typescript.mjs', 'scripts/build-package.ts', join(installed, 'dist')];
  await execute(process.execPath, build, { cwd: ROOT });
  for (const name of await readdir(join(ROOT, 'node_modules')))
    if (!name.startsWith('.')) await symlink(join(ROOT, 'node_modules', name), join(modules, name));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The command in the empty folder, without what the environment says of a checkout. */
async function videocap(...args: string[]) {
  const env = { ...process.env, VIDEOCAP_HOME: undefined };
  const command = [join(installed, 'cli', 'videocap.mjs'), ...args];
  return execute(process.execPath, command, { cwd: folder, env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
}

describe('the published package', () => {
  it('is plain JavaScript, each file with its source map', async () => {
    const files = await readdir(join(installed, 'dist'), { recursive: true });
    expect(files.filter((file) => file.endsWith('.ts'))).toEqual([]);
    const scripts = files.filter((file) => file.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(300);
    expect(scripts.filter((file) => !files.includes(`${file}.map`))).toEqual([]);
    const map = JSON.parse(await readFile(join(installed, 'dist', 'cli', 'main.js.map'), 'utf8'));
    expect(map.sourcesContent[0]).toBe(await readFile(join(ROOT, 'cli', 'main.ts'), 'utf8'));
  });

  it('runs commands, finds what ships, and refuses in one sentence', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect(await videocap('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const configs = JSON.parse((await videocap('configs', '--json')).stdout);
    expect(Object.keys(configs.experiments)).toContain('quickstart');
    expect((await videocap('plan', 'quickstart')).stdout).toContain('tiny on this machine');
    expect(await videocap('run', 'no-such')).toMatchObject({ code: 1, stderr: expect.stringContaining('quickstart') });
    // Its data lie where it was called, not in npm's cache.
    expect((await videocap('logs')).stderr).toContain(join(folder, '.videocap', 'logs', 'workers.log'));
  });

  it('names the source in the stack of a defect', async () => {
    const broken = join(installed, 'dist', 'core', 'did-you-mean.js');
    const text = await readFile(broken, 'utf8');
    await writeFile(broken, text.replace(/(function didYouMean\([^)]*\) \{)/, '$1 throw new Error("defect");'));
    expect((await videocap('run', 'no-such')).stderr).toMatch(/defect[\s\S]*configs\/load-config\.ts:\d+/);
    await writeFile(broken, text);
  });

  it('starts workers, with the workflows that it bundles', async () => {
    const temporal = await startTemporal();
    const local = join(installed, 'dist', 'workers', 'local.js');
    const worker = spawn(process.execPath, [join(installed, 'dist', 'core', 'run-typescript.mjs'), local], {
      env: { ...process.env, TEMPORAL_ADDRESS: temporal.address, VIDEOCAP_HOME: join(folder, 'home') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [worker.stdout, worker.stderr])
      stream.on('data', (chunk) => {
        said += chunk;
      });
    try {
      await expect.poll(() => said, { timeout: 120_000 }).toContain('{"ready":true}');
    } finally {
      worker.kill('SIGKILL');
      await temporal.teardown();
    }
  });
});
