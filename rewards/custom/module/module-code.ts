import { readFile, realpath } from 'node:fs/promises';
import { dirname, extname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Loader, Plugin } from 'esbuild';
import { clipped } from '../../../core/clipped.ts';
import { sha256 } from '../../../core/sha256.ts';
import { refusal } from '../scorer.ts';

/** A reward module with everything that it imports, in one piece. */
export interface ModuleCode {
  /** JavaScript that imports nothing but what Node has. */
  code: string;
  /** Of every source file's place, relative to the module, and content; packages are among them. */
  sha256: string;
}

/** Characters of a compiler's message. */
const LONGEST_MESSAGE = 300;

/**
 * Reads and translates a reward module. What is executed is what was read and hashed, whatever happens to the files
 * meanwhile.
 * @param folder the real folder that `path` starts from.
 * @throws JudgeError `blocked` where the file is missing, a link, or does not compile.
 */
export async function readModule(name: string, path: string, folder: string): Promise<ModuleCode> {
  const entry = await realModule(name, resolve(folder, path));
  const digests = new Map<string, string>();
  const { build } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      entryPoints: [entry],
      absWorkingDir: dirname(entry),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      // Only hashed files may change the code: `tsconfig.json` and annotations in packages do not count.
      tsconfigRaw: '{}',
      ignoreAnnotations: true,
      banner: { js: requireFrom(entry) },
      write: false,
      logLevel: 'silent',
      plugins: [readingOnce(digests)],
    });
    const files = [...digests].map(([file, digest]) => `${relative(dirname(entry), file)} ${digest}`).sort();
    return { code: outputFiles[0]!.text, sha256: sha256(files.join('\n')) };
  } catch (error) {
    const message = (error as Error).message.replace(/^Build failed[^\n]*\n/, '').replaceAll(/\s+/g, ' ');
    throw refusal(`reward.custom.${name} does not compile: ${clipped(message, LONGEST_MESSAGE)}`, 'correct its file');
  }
}

/** A link can be changed to lead elsewhere, so only a file is allowed, by its own path. */
async function realModule(name: string, path: string): Promise<string> {
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    throw refusal(
      `The module of reward.custom.${name}, ${path}, cannot be read (${error.code})`,
      'restore it, or correct its path in allowed.yaml',
    );
  });
  if (real === path) return real;
  throw refusal(
    `The module of reward.custom.${name}, ${path}, is reached over a link, and leads to ${real}`,
    'write that path into allowed.yaml, if it is the one that you mean',
  );
}

/** Packages in CommonJS call `require` for what Node has. */
function requireFrom(entry: string): string {
  const url = JSON.stringify(pathToFileURL(entry).href);
  return `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${url});`;
}

const LOADERS: Record<string, Loader> = {
  ...{ '.ts': 'ts', '.mts': 'ts', '.cts': 'ts' },
  ...{ '.js': 'js', '.mjs': 'js', '.cjs': 'js', '.json': 'json' },
};

/** Reads every file once, for its digest and for the translation. Other files than these are refused by esbuild. */
function readingOnce(digests: Map<string, string>): Plugin {
  return {
    name: 'reading-once',
    setup({ onLoad }) {
      onLoad({ filter: /\.([mc]?[jt]s|json)$/, namespace: 'file' }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        digests.set(path, sha256(text));
        return {
          contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
          loader: LOADERS[extname(path)]!,
        };
      });
    },
  };
}
