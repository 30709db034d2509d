import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { VideocapError } from '../core/errors.ts';

const OLDEST_MAJOR = 5;
const PROJECT = fileURLToPath(new URL('..', import.meta.url));

export interface Ffmpeg {
  path: string;
  /** As the binary prints it, such as `n9.0.2-17-g2a571b6068` or `5.1.9-0+deb12u1`. */
  version: string;
  /** All that it says of itself: version, compiler, configuration and the versions of its libraries. */
  about: string;
}

let found: Promise<Ffmpeg> | undefined;

/**
 * The ffmpeg to use: `FFMPEG_PATH`, else the one on PATH if it is new enough, else the one that the set-up put into
 * `.venv`. Looked for once a process.
 * @throws VideocapError `MissingTool` when there is none of version 5 or newer.
 */
export function findFfmpeg(): Promise<Ffmpeg> {
  found ??= lookForFfmpeg(process.env.FFMPEG_PATH, PROJECT).catch((error) => {
    found = undefined;
    throw error;
  });
  return found;
}

/** `findFfmpeg` without its cache. */
export async function lookForFfmpeg(fromEnvironment: string | undefined, projectFolder: string): Promise<Ffmpeg> {
  if (fromEnvironment) {
    const said = await askVersion(fromEnvironment);
    if (said && isNewEnough(said.version)) return { path: fromEnvironment, ...said };
    const what = said === undefined ? 'is no ffmpeg that runs here' : `is ffmpeg ${said.version}`;
    throw new VideocapError(
      'MissingTool',
      `FFMPEG_PATH=${fromEnvironment} ${what}; point it at ffmpeg >= ${OLDEST_MAJOR} or unset it.`,
    );
  }
  for (const path of ['ffmpeg', ...(await bundled(projectFolder))]) {
    const said = await askVersion(path);
    if (said && isNewEnough(said.version)) return { path, ...said };
  }
  throw new VideocapError(
    'MissingTool',
    `No ffmpeg >= ${OLDEST_MAJOR} found on PATH or in .venv; install ffmpeg, run "npm run quickstart", or set ` +
      'FFMPEG_PATH.',
  );
}

/** True for releases from 5 on and for builds from the development branch, whose version names no release. */
export function isNewEnough(version: string): boolean {
  const major = /^n?(\d+)\./.exec(version)?.[1];
  return major === undefined ? /^N-\d+/.test(version) : Number(major) >= OLDEST_MAJOR;
}

async function askVersion(path: string): Promise<Pick<Ffmpeg, 'version' | 'about'> | undefined> {
  try {
    const { stdout: about } = await promisify(execFile)(path, ['-version'], { timeout: 20_000 });
    const version = /^ffmpeg version (\S+)/.exec(about)?.[1];
    return version === undefined ? undefined : { version, about };
  } catch {
    return undefined;
  }
}

/** Binaries of the `imageio-ffmpeg` package in the project's Python environment, on any platform's layout. */
async function bundled(projectFolder: string): Promise<string[]> {
  const lib = join(projectFolder, '.venv', 'lib');
  const pythons = (await list(lib)).filter((name) => name.startsWith('python')).map((name) => join(lib, name));
  const folders = [...pythons, join(projectFolder, '.venv', 'Lib')].map((folder) =>
    join(folder, 'site-packages', 'imageio_ffmpeg', 'binaries'),
  );
  const binaries = await Promise.all(
    folders.map(async (folder) =>
      (await list(folder)).filter((name) => name.startsWith('ffmpeg')).map((name) => join(folder, name)),
    ),
  );
  return binaries.flat();
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
