import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * `npm run pack`: makes `dist/`, or the folder that is named: the project as plain JavaScript with source maps, which
 * is all that the published package has. Files keep their places, so that everything finds its neighbours as in a
 * checkout.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = resolve(process.argv[2] ?? join(ROOT, 'dist'));

/** What runs on a user's machine. `scripts/`, `test/` and `docs/` stay in the checkout. */
const FOLDERS = [
  ...['activities', 'algorithms', 'benchmarks', 'cli', 'configs', 'contracts', 'core', 'datasets', 'judge', 'policy'],
  ...['report', 'rewards', 'tracking', 'video', 'workers', 'workflows'],
];
/** The maths in Python, which its own set-up installs from a checkout; and what only a checkout starts. */
const LEFT_OUT = [/^workers\/(torch|vllm)\//, /^cli\/(quickstart|setup\/npm-packages)\.mjs$/, /__pycache__/];

await rm(OUT, { recursive: true, force: true });
const files = (await Promise.all(FOLDERS.map(filesBelow))).flat().filter((file) => !LEFT_OUT.some((p) => p.test(file)));
const sources = files.filter((file) => file.endsWith('.ts'));
await build({
  entryPoints: sources.map((file) => join(ROOT, file)),
  outdir: OUT,
  outbase: ROOT,
  absWorkingDir: ROOT,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'linked',
  sourcesContent: true,
  logLevel: 'warning',
});
await Promise.all(sources.map(nameJavaScript));
for (const file of files.filter((each) => !each.endsWith('.ts'))) await copy(file);
// What the sources look for beside them: their version, and what workflows are bundled for.
for (const file of ['package.json', 'package-lock.json']) await copy(file);
// Nothing is left to translate.
await writeFile(
  join(OUT, 'core', 'load-typescript.mjs'),
  [
    "import { pathToFileURL } from 'node:url';",
    '',
    '/** Imports a module of the package, which is JavaScript already. @param {string | URL} entry */',
    'export function loadTypeScript(entry) {',
    '  process.setSourceMapsEnabled(true);',
    "  return import(entry instanceof URL || entry.startsWith('file:') ? entry : pathToFileURL(entry).href);",
    '}',
    '',
  ].join('\n'),
);

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(ROOT.length));
}

async function copy(file: string): Promise<void> {
  await mkdir(dirname(join(OUT, file)), { recursive: true });
  await cp(join(ROOT, file), join(OUT, file));
}

/**
 * Names that a file has for its neighbours: `./store.ts` is `./store.js` here. They have as many letters, so the source
 * map stays right.
 */
async function nameJavaScript(file: string): Promise<void> {
  const path = join(OUT, file.replace(/\.ts$/, '.js'));
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replaceAll(/(["'`])((?:[\w./-]*\w))\.ts\1/g, '$1$2.js$1'));
}
