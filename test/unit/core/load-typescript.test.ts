import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { translate } from '../../../core/load-typescript.mjs';

let folder: string;
let cache: string;
let entry: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-load-'));
  cache = join(folder, 'cache');
  entry = join(folder, 'entry.ts');
  await write('package.json', '{"type": "module"}');
  await write(
    'entry.ts',
    `import { where } from './deep/other.ts';\nconst said: string = where;\nconsole.log(said);\n`,
  );
  await write('deep/other.ts', 'export const where: string = import.meta.url;\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<void> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
}

/** What the entry prints, in a process of its own. */
async function run(): Promise<string> {
  const loader = pathToFileURL('core/load-typescript.mjs').href;
  const program = `import { loadTypeScript } from '${loader}'; await loadTypeScript(...process.argv.slice(1));`;
  const started = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, entry, cache]);
  const { stdout, stderr } = await started.catch((failure: { stdout: string; stderr: string }) => failure);
  return stdout + stderr;
}

const other = () => `${pathToFileURL(join(folder, 'deep/other.ts'))}\n`;

describe('a module', () => {
  it('runs with all that it imports, each as if it were where its source is', async () => {
    expect(await run()).toBe(other());
    expect(await run()).toBe(other());
  });

  it('fails with the lines of its source', async () => {
    await write('deep/other.ts', '\n\nthrow new Error("no");\nexport const where = "";\n');
    expect(await run()).toContain(`${join(folder, 'deep/other.ts')}:3:7`);
  });

  it('that is no TypeScript says where', async () => {
    await write('deep/other.ts', 'export const where = ;\n');
    expect(await run()).toContain(`${join(folder, 'deep/other.ts')}:1:21`);
  });

  it('runs also where no translation can be kept', async () => {
    await writeFile(cache, 'a file where the folder should be');
    await expect(translate(entry, cache)).rejects.toThrow();
    expect(await run()).toBe(other());
  });
});

describe('packages', () => {
  beforeEach(() => symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules')));
  const text = async () => readFile(await translate(entry, cache), 'utf8');

  it('that commands load file by file lie inside, others do not', async () => {
    await write('entry.ts', "import { z } from 'zod';\nimport pLimit from 'p-limit';\nconsole.log(!!z, !!pLimit);\n");
    expect(await text()).not.toMatch(/from\s*["']zod["']/);
    expect(await text()).toMatch(/from\s*["']p-limit["']/);
    expect(await run()).toBe('true true\n');
  });

  it('all stay outside where one is Temporal’s native worker: its classes must be the only ones', async () => {
    await write('entry.ts', "import { z } from 'zod';\nimport '@temporalio/activity';\nconsole.log(!!z);\n");
    expect(await text()).toMatch(/from\s*["']zod["']/);
    expect(await run()).toBe('true\n');
  });

  it('that are installed anew are translated anew', async () => {
    await write('entry.ts', "import { z } from 'zod';\nconsole.log(!!z);\n");
    await translate(entry, cache);
    const [name] = await readdir(cache);
    const { digests } = JSON.parse(await readFile(join(cache, name!, 'files.json'), 'utf8'));
    const paths = digests.map(([path]: [string]) => path);
    expect(paths).toContainEqual(expect.stringMatching(/node_modules\/\.package-lock\.json$/));
    expect(paths).not.toContainEqual(expect.stringMatching(/node_modules\/zod\//));
  });
});

describe('a translation', () => {
  it('is made once for the same sources', async () => {
    const main = await translate(entry, cache);
    const { mtimeMs } = await stat(main);
    expect(await translate(entry, cache)).toBe(main);
    expect((await stat(main)).mtimeMs).toBe(mtimeMs);
  });

  it('is made again for others, and stays for who runs it', async () => {
    const main = await translate(entry, cache);
    await write('deep/other.ts', 'export const where: string = "elsewhere";\n');
    const next = await translate(entry, cache);
    expect(next).not.toBe(main);
    expect(await readFile(main, 'utf8')).toContain('other.ts');
    expect(await run()).toBe('elsewhere\n');
  });

  it.each([
    ['cut off', (file: string) => truncate(file, 7)],
    ['gone', (file: string) => rm(file)],
    ['of another kind', (file: string) => writeFile(file, '{}')],
  ])('is made again when a file of it is %s', async (_, damage) => {
    const main = await translate(entry, cache);
    for (const file of await readdir(join(main, '..'))) {
      await damage(join(main, '..', file));
      expect(await run()).toBe(other());
    }
  });

  it('is made again for a source of the same size and time that says something else', async () => {
    await write('deep/other.ts', 'export const where = "a";\n');
    const path = join(folder, 'deep/other.ts');
    const { mtime } = await stat(path);
    expect(await run()).toBe('a\n');
    await writeFile(path, 'export const where = "b";\n');
    await utimes(path, mtime, mtime);
    expect(await run()).toBe('b\n');
  });

  it('may be made by many at once', async () => {
    const mains = await Promise.all(Array.from({ length: 4 }, () => translate(entry, cache)));
    expect(new Set(mains).size).toBe(1);
    expect(await readdir(join(mains[0]!, '..'))).not.toContainEqual(expect.stringMatching(/\.tmp$/));
    expect(await run()).toBe(other());
  });
});
