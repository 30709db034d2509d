import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { Report } from '../../cli/setup/report.ts';
import { installByUv } from '../../cli/setup/uv.ts';

const LOCK = fileURLToPath(new URL('../../cli/setup/requirements/bench.lock', import.meta.url));
/** Bytes that PyTorch with its CUDA libraries takes on the disk, and one package again while uv unpacks it. */
const NEEDED = 8e9;

let environment: Promise<PythonEnvironment> | undefined;

/**
 * `.venv-bench`: the peers of `npm run bench`, installed first where they are missing. Its torch is that of
 * `.venv-torch`, whose files uv links, so that the disk has them once.
 */
export function benchEnvironment(): Promise<PythonEnvironment> {
  environment ??= install();
  return environment;
}

async function install(): Promise<PythonEnvironment> {
  const made = new PythonEnvironment(join(findInstallation().repository, '.venv-bench'));
  if (await made.has(LOCK)) return made;
  const report = new Report((text) => void process.stderr.write(text));
  await report.step('TRL, sentence-transformers and readers of videos (PyPI, into .venv-bench)', async () => {
    const python = await findPython(process.env, { what: 'The peers are', oldestMinor: 11 });
    await installByUv(made, { lockFile: LOCK, python, what: 'PyTorch', needed: NEEDED });
  });
  return made;
}
