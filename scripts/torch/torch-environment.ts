import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { Report } from '../../cli/setup/report.ts';
import { installByUv } from '../../cli/setup/uv.ts';

/** Bytes that PyTorch with its CUDA libraries takes on the disk, and one package again while uv unpacks it. */
const NEEDED = 8e9;

const { repository } = findInstallation();
/** The Python package of the torch engine and of the tiny policy's graphs. */
export const packageFolder = join(repository, 'workers', 'torch');

/** The environment of `workers/torch/requirements.lock`, or of another lock, installed first where it is missing. */
export async function torchEnvironment(versions?: 'oldest'): Promise<PythonEnvironment> {
  const suffix = versions ? `-${versions}` : '';
  const environment = new PythonEnvironment(join(repository, `.venv-torch${suffix}`));
  const lockFile = join(packageFolder, `requirements${suffix}.lock`);
  if (await environment.has(lockFile)) return environment;
  await new Report().step(`PyTorch, transformers and PEFT (PyPI, into .venv-torch${suffix})`, async () => {
    const what = 'PyTorch, transformers and PEFT are';
    const python = await findPython(process.env, { what, oldestMinor: 11 });
    await installByUv(environment, { lockFile, python, what: 'PyTorch', needed: NEEDED });
  });
  return environment;
}
