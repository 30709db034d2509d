import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const PAGES = new URL('../../../docs/extending/', import.meta.url);

/** A file that a page adds, or lines that it changes. */
interface Example {
  page: string;
  kind: 'ts' | 'diff';
  path: string;
  text: string;
}

/**
 * The fenced blocks of a page whose fence names a file: `ts algorithms/rloo.ts` adds it, `diff algorithms/registry.ts`
 * changes it.
 */
export function examplesOf(page: string, markdown: string): Example[] {
  const blocks = markdown.matchAll(/^```(ts|diff) (\w\S*\/\S+)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, kind, path, text]) => ({ page, kind: kind as 'ts' | 'diff', path: path!, text: text! }));
}

/**
 * Applies a diff without line numbers; a line `@@` is where it leaves lines out.
 * @throws Error that names the page, where the file does not have the lines exactly once.
 */
export function applied(source: string, { page, path, text }: Example): string {
  const hunks = text.split(/^@@\n/m).map((hunk) => hunk.split('\n').slice(0, -1));
  return hunks.reduce((file, hunk) => {
    const side = (leftOut: string) =>
      hunk
        .filter((line) => !line.startsWith(leftOut))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const [before, ...rest] = `\n${file}`.split(`\n${side('+')}`);
    if (rest.length !== 1)
      throw new Error(`${page}: ${path} must have these lines once, and has them ${rest.length} times:\n${side('+')}`);
    return `${before}\n${side('-')}${rest[0]}`.slice(1);
  }, source);
}

/** A copy of the sources, tests left out, to which the examples of all pages were added. Imports of it run. */
export async function copyWithExamples(): Promise<string> {
  const copy = await realpath(await mkdtemp(join(tmpdir(), 'videocap-extending-')));
  const leftOut = new Set(['test', 'docs', 'node_modules']);
  for (const entry of await readdir(ROOT, { withFileTypes: true }))
    if (entry.isDirectory() && !entry.name.startsWith('.') && !leftOut.has(entry.name))
      await cp(join(ROOT, entry.name), join(copy, entry.name), { recursive: true, filter: (path) => !isLarge(path) });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  await cp(join(ROOT, 'package.json'), join(copy, 'package.json'));
  await writeFile(
    join(copy, 'tsconfig.json'),
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include: ['**/*.ts'], exclude: ['node_modules'] }),
  );
  for (const page of await readdir(PAGES))
    for (const example of examplesOf(page, await readFile(new URL(page, PAGES), 'utf8'))) {
      const path = join(copy, example.path);
      await mkdir(dirname(path), { recursive: true });
      if (example.kind === 'ts') await writeFile(path, example.text, { flag: 'wx' });
      else await writeFile(path, applied(await readFile(path, 'utf8'), example));
    }
  return copy;
}

/** What the compiler says of a folder: nothing where all is well. */
export async function compilerOutput(folder: string): Promise<string> {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  return promisify(execFile)(process.execPath, [tsc, '--pretty', 'false', '-p', folder]).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout || String(error),
  );
}

/** Graphs and weights, which no type needs. */
function isLarge(path: string): boolean {
  return /\.(?:onnx|safetensors|png|jsonl)$/.test(path) || path.includes('/models/');
}
