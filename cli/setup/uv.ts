import { mkdir, statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { VideocapError } from '../../core/errors.ts';
import type { Python } from './python.ts';
import type { PythonEnvironment } from './python-environment.ts';
import { runTool } from './run-tool.ts';

const LOCK = fileURLToPath(new URL('requirements/uv.lock', import.meta.url));

/** What an environment of several gigabytes is for. */
export interface LargeInstall {
  lockFile: string;
  python: Python;
  /** Such as `PyTorch`, for the error. */
  what: string;
  /** Bytes of the packages, and of what is unpacked meanwhile. */
  needed: number;
}

/**
 * Installs a lock file of several gigabytes by uv, which pip installs from its own lock file first: in a sixth of pip's
 * time, with hard links to uv's cache, so that environments of several checkouts share their files.
 * @throws VideocapError `MissingTool` with uv's last lines, or where the disk has too little room.
 */
export async function installByUv(environment: PythonEnvironment, install: LargeInstall): Promise<void> {
  const { lockFile, python } = install;
  await environment.install(LOCK, python);
  const uv = environment.bin('uv');
  const cache = (await runTool(uv, ['cache', 'dir'], { what: 'Asking uv for its cache' })).trim();
  for (const folder of [environment.folder, cache]) await requireRoom(folder, install);
  const env = { UV_SYSTEM_CERTS: '1', UV_HTTP_TIMEOUT: '300', ...(await indexOfPip(environment)), ...process.env };
  await environment.installWith(lockFile, (options) =>
    runTool(uv, ['pip', 'install', '--no-config', '--python', environment.bin('python'), ...options], {
      what: `uv pip install of ${lockFile}`,
      env,
    }),
  );
}

/** uv does not read pip's settings; a machine whose packages come from a mirror has it there. */
async function indexOfPip(environment: PythonEnvironment): Promise<NodeJS.ProcessEnv> {
  const settings = await environment.pip(['config', 'list']);
  const found = /^(?:global|install|:env:)\.index-url='(.*)'$/m.exec(settings)?.[1];
  return found === undefined ? {} : { UV_DEFAULT_INDEX: found };
}

async function requireRoom(folder: string, install: LargeInstall): Promise<void> {
  // On a fresh machine the cache and the folders above it do not exist yet; uv makes them anyway.
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const sentence = tooLittleRoom(folder, install, bavail * bsize);
  if (sentence !== undefined) throw new VideocapError('MissingTool', sentence);
}

/** The sentence where a folder's disk has too few bytes free. */
export function tooLittleRoom(
  folder: string,
  { what, needed }: Pick<LargeInstall, 'what' | 'needed'>,
  free: number,
): string | undefined {
  const gigabytes = (bytes: number) => Math.floor(bytes / 1e9);
  return free >= needed
    ? undefined
    : `${what} needs ${gigabytes(needed)} GB of free disk for ${folder}, and ${gigabytes(free)} GB are free; free ` +
        'some, or name a folder on a larger disk in UV_CACHE_DIR.';
}
