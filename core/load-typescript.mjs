// @ts-check
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Plain JavaScript, since it is what lets Node 20 run the rest. It is used before anything is loaded, so it imports
// nothing of ours, not even the durable writer: `writeWhole` below is its own.

const HERE = fileURLToPath(import.meta.url);
const CACHE = fileURLToPath(new URL('../node_modules/.cache/videocap/', import.meta.url));

/**
 * Packages that a translation contains, with all that they depend on: a command that loads their hundreds of files one
 * by one takes half as long again to start. None of them finds a file of its own at run time.
 */
const INSIDE = [
  ...['@commander-js/extra-typings', '@temporalio/client', '@temporalio/common', 'cli-progress', 'commander', 'yaml'],
  'zod',
];

/**
 * Temporal's packages share classes, so a program that loads one of these, which must stay outside, loads all from
 * there.
 */
const NATIVE_TEMPORAL = ['@temporalio/activity', '@temporalio/testing', '@temporalio/worker'];

/**
 * Imports a TypeScript module and all that it imports from its checkout. A loader that translates file by file doubles
 * the time that a command takes to start; so all of it is translated at once, kept, and made again when one of its
 * files has changed. A running process keeps the code that it started with. Where the cache cannot be written, the
 * loader translates file by file.
 * @param {string | URL} entry a path or a file URL
 * @param {string} [cache] where translations are kept
 */
export async function loadTypeScript(entry, cache = CACHE) {
  const source = await realpath(entry);
  const translated = await translate(source, cache).catch(() => undefined);
  if (translated === undefined) {
    const { register } = await import('tsx/esm/api');
    register();
    return import(pathToFileURL(source).href);
  }
  process.setSourceMapsEnabled(true);
  return import(pathToFileURL(translated).href);
}

/**
 * The path of an entry's translation, kept or new.
 * @param {string} source its real path
 * @param {string} cache
 * @returns {Promise<string>}
 * @throws when its files do not compile, or nothing can be kept
 */
export async function translate(source, cache) {
  const folder = join(cache, `${basename(source, '.ts')}-${digestOf(source).slice(0, 12)}`);
  const list = join(folder, 'files.json');
  const kept = await keptMain(list).catch(() => undefined);
  if (kept !== undefined) return kept;

  /** @type {Map<string, string>} */
  const digests = new Map();
  const { outputFiles, metafile } = await bundle(source, folder, digests);
  await mkdir(folder, { recursive: true });
  await Promise.all(outputFiles.map(({ path, contents }) => writeWhole(path, contents)));
  const main = outputFiles.find(({ path }) => metafile.outputs[path.slice(1)]?.entryPoint === source.slice(1))?.path;
  if (main === undefined) throw new Error(`${source} was not translated.`);
  for (const path of [HERE, ...Object.keys(metafile.inputs).map((input) => knownBy(`/${input}`))])
    if (!digests.has(path)) digests.set(path, digestOf(await readFile(path)));
  for (const { path, contents } of outputFiles) digests.set(path, digestOf(contents));
  await writeWhole(list, JSON.stringify({ main, digests: [...digests] }));
  return main;
}

/**
 * @param {string} source
 * @param {string} folder where the files are to lie
 * @param {Map<string, string>} digests gets the digest of each source as it was read
 */
async function bundle(source, folder, digests) {
  const { build } = await import('esbuild');
  /** @param {import('esbuild').BuildOptions} more */
  const built = (more) =>
    build({
      ...more,
      entryPoints: [source],
      absWorkingDir: '/',
      outdir: folder,
      entryNames: '[name]-[hash]',
      chunkNames: '[name]-[hash]',
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      keepNames: true,
      sourcemap: 'linked',
      sourcesContent: false,
      metafile: true,
      write: false,
      logLevel: 'silent',
    });
  const own = await built({ packages: 'external', plugins: [sourceUrlBanner(digests)] });
  const imported = new Set(
    Object.values(own.metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path)),
  );
  if (NATIVE_TEMPORAL.some((name) => imported.has(name)) || !INSIDE.some((name) => imported.has(name))) return own;
  return built({ plugins: [sourceUrlBanner(digests), othersOutside], banner: { js: REQUIRE } });
}

/** At the head of each file: packages that are CommonJS call `require`, which an ES module lacks. */
const REQUIRE =
  "import { createRequire as requireOfNode } from 'node:module'; const require = requireOfNode(import.meta.url);";

const MODULES = `${sep}node_modules${sep}`;

/**
 * The file whose digest stands for an input: of an installed package, npm's list of what is installed, which npm writes
 * with every change.
 * @param {string} path
 */
function knownBy(path) {
  const at = path.indexOf(MODULES);
  return at === -1 ? path : join(path.slice(0, at), MODULES, '.package-lock.json');
}

/** Keeps the packages that are not listed outside. */
const othersOutside = {
  name: 'others-outside',
  /** @param {import('esbuild').PluginBuild} build */
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      const own = importer !== '' && !importer.includes(MODULES);
      return own && !INSIDE.some((name) => path === name || path.startsWith(`${name}/`))
        ? { external: true }
        : undefined;
    });
  },
};

/**
 * `import.meta.url` must point at the source file, not at the cached output.
 * @param {Map<string, string>} digests gets the digest of each source as it was read, since it may change meanwhile
 */
function sourceUrlBanner(digests) {
  return {
    name: 'where-it-was',
    /** @param {import('esbuild').PluginBuild} build */
    setup({ onLoad }) {
      onLoad({ filter: /\.m?[jt]s$/ }, async ({ path }) => {
        if (path.includes(MODULES)) return undefined;
        const text = await readFile(path, 'utf8');
        digests.set(path, digestOf(text));
        return {
          contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
          loader: path.endsWith('.ts') ? 'ts' : 'js',
        };
      });
    },
  };
}

/**
 * By its content, as `workers/workflow-bundle.ts` does it: a checkout or a copy may give an old time to a new file.
 * @param {string | Uint8Array} contents
 */
function digestOf(contents) {
  return createHash('sha256').update(contents).digest('hex');
}

/**
 * The path of the cached output in a list, if none of the list's source files has changed.
 * @param {string} list
 * @returns {Promise<string | undefined>}
 */
async function keptMain(list) {
  /** @type {{main: string, digests: [path: string, digest: string][]}} */
  const { main, digests } = JSON.parse(await readFile(list, 'utf8'));
  const same = await Promise.all(digests.map(async ([path, digest]) => digestOf(await readFile(path)) === digest));
  return same.every(Boolean) ? main : undefined;
}

/**
 * At the path is the whole file, or none.
 * @param {string} path
 * @param {string | Uint8Array} contents
 */
async function writeWhole(path, contents) {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, contents, { flag: 'wx', flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
