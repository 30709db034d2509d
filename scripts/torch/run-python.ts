import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { Report } from '../../cli/setup/report.ts';

/**
 * `tsx scripts/torch/run-python.ts MODULE [ARGUMENT...]`: runs a Python module of `workers/torch`, in an environment of
 * its own that is made from `requirements.lock` when it is missing. Runs do not need it.
 */
const { repository } = findInstallation();
const folder = join(repository, 'workers', 'torch');
const lockFile = join(folder, 'requirements.lock');
const environment = new PythonEnvironment(join(repository, '.venv-torch'));

if (!(await environment.has(lockFile)))
  await new Report().step('PyTorch and transformers (PyPI, into .venv-torch)', async () =>
    environment.install(
      lockFile,
      await findPython(process.env, { what: 'PyTorch and transformers are', oldestMinor: 11 }),
    ),
  );
const [module, ...rest] = process.argv.slice(2);
if (!module) throw new Error('Name the Python module to run, such as pytest or videocap_torch.export.');
const run = spawnSync(environment.bin('python'), ['-m', module, ...rest], { cwd: folder, stdio: 'inherit' });
process.exit(run.status ?? 1);
