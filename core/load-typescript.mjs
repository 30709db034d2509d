// @ts-check
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Plain JavaScript, since it is what lets Node 20 run the rest. It is used before anything is loaded, so it imports
// nothing of ours, not even the durable writer: `writeWhole` below is its own.

const HERE = fileURLToPath(import.meta.url);
const CACHE = fileURLToPath(new URL('../node_modules/.cache/videocap/', import.meta.url));

const WEEK = 7 * 24 * 3600 * 1000;

/** Packages that find files of their own at run time: native code, programs, scripts of threads. */
const NEVER_INSIDE = ['@napi-rs/canvas', 'esbuild', 'onnxruntime-node', 'pino', 'pino-pretty', 'tsx'];

/** Temporal's packages share classes and state, so a program whose worker stays outside loads all of them from there. */
const NATIVE_TEMPORAL = ['@temporalio/testing', '@temporalio/worker'];

/**
 * Imports a TypeScript module and all that it imports. A command that loads its sources and packages file by file takes twice
 * as long to start; so they are translated into few files at once. These are kept, and made again when a source or the
 * installed packages have changed. A process keeps what it has loaded. Where nothing can be kept, tsx translates the sources.
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
  const folder = join(
    cache,
    `${basename(source, '.ts')}-${createHash('sha256').update(source).digest('hex').slice(0, 12)}`,
  );
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
  for (const path of [HERE, ...Object.keys(metafile.inputs).map((input) => installedBy(`/${input}`))])
    if (!digests.has(path)) digests.set(path, digestOf(await readFile(path)));
  for (const { path, contents } of outputFiles) digests.set(path, digestOf(contents));
  await writeWhole(list, JSON.stringify({ main, digests: [...digests] }));
  await removeOld(folder, digests);
  return main;
}

/**
 * Removes earlier translations. Those of this week stay, since a process that runs may yet import a part of one.
 * @param {string} folder
 * @param {ReadonlyMap<string, unknown>} current
 */
async function removeOld(folder, current) {
  const paths = (await readdir(folder)).map((name) => join(folder, name)).filter((path) => !current.has(path));
  for (const path of paths) if ((await stat(path)).mtimeMs < Date.now() - WEEK) await rm(path, { force: true });
}

/**
 * A module and all that it imports, packages among them, in few files.
 * @param {string} source its real path
 * @param {string} folder where the files are to lie
 * @param {Map<string, string>} digests gets the digest of each source of ours as it was read
 */
async function bundle(source, folder, digests) {
  const { build } = await import('esbuild');
  /** @satisfies {import('esbuild').BuildOptions} */
  const options = {
    entryPoints: [source],
    absWorkingDir: '/',
    outdir: folder,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: /** @type {const} */ ('node'),
    format: /** @type {const} */ ('esm'),
    target: 'node20',
    keepNames: true,
    minifyWhitespace: true,
    sourcemap: /** @type {const} */ ('linked'),
    sourcesContent: false,
    metafile: /** @type {const} */ (true),
    write: /** @type {const} */ (false),
    logLevel: /** @type {const} */ ('silent'),
    plugins: [sourceUrls(digests)],
  };
  const own = await build({ ...options, packages: 'external' });
  const imported = Object.values(own.metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const temporal = imported.some((path) => NATIVE_TEMPORAL.includes(path)) ? ['@temporalio/*'] : [];
  return build({
    ...options,
    external: [...NEVER_INSIDE, ...temporal],
    // Packages that are CommonJS call `require`, which an ES module lacks.
    banner: { js: REQUIRE },
  });
}

/** At the head of each file. */
const REQUIRE =
  "import { createRequire as requireOfNode } from 'node:module'; const require = requireOfNode(import.meta.url);";

/**
 * A file, or where it belongs to a package, npm's list of what is installed: npm writes it with every change.
 * @param {string} path
 */
function installedBy(path) {
  const modules = `${sep}node_modules${sep}`;
  const packages = path.indexOf(modules);
  return packages === -1 ? path : join(path.slice(0, packages), modules, '.package-lock.json');
}

/**
 * `import.meta.url` must point at the source file, not at the kept translation.
 * @param {Map<string, string>} digests gets the digest of each source of ours as it was read, since it may change meanwhile
 */
function sourceUrls(digests) {
  return {
    name: 'source-urls',
    /** @param {import('esbuild').PluginBuild} build */
    setup({ onLoad }) {
      onLoad({ filter: /\.m?[jt]s$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (installedBy(path) === path) digests.set(path, digestOf(text));
        return {
          contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
          loader: path.endsWith('.ts') ? /** @type {const} */ ('ts') : /** @type {const} */ ('js'),
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
 * The path of the translation that a list tells of, when none of its files has changed.
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
