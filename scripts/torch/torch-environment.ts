import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { Report } from '../../cli/setup/report.ts';

/** Bytes that PyTorch with its CUDA libraries takes on the disk, and as much again while pip unpacks it. */
const NEEDED = 8e9;

const { repository } = findInstallation();
/** The Python package of the torch engine and of the tiny policy's graphs. */
export const packageFolder = join(repository, 'workers', 'torch');

/** The environment of `workers/torch/requirements.lock`, installed first where it is missing. */
export async function torchEnvironment(): Promise<PythonEnvironment> {
  const environment = new PythonEnvironment(join(repository, '.venv-torch'));
  const lockFile = join(packageFolder, 'requirements.lock');
  if (await environment.has(lockFile)) return environment;
  const { bavail, bsize } = await statfs(repository);
  if (bavail * bsize < NEEDED)
    throw new Error(
      `PyTorch needs ${NEEDED / 1e9} GB of free disk in ${repository}, and ${Math.floor((bavail * bsize) / 1e9)} GB ` +
        'are free; free some, or put the checkout on a larger disk.',
    );
  await new Report().step('PyTorch, transformers and PEFT (PyPI, into .venv-torch)', async () =>
    environment.install(
      lockFile,
      await findPython(process.env, { what: 'PyTorch, transformers and PEFT are', oldestMinor: 11 }),
    ),
  );
  return environment;
}
