import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findInstallation } from '../cli/installation.ts';
import { findPython } from '../cli/setup/python.ts';
import { PythonEnvironment } from '../cli/setup/python-environment.ts';
import { Report } from '../cli/setup/report.ts';

// `npm run test:torch`: the Python tests, in an environment of their own that is made from its lock file when missing.

const { repository } = findInstallation();
const lockFile = join(repository, 'workers', 'torch', 'requirements.lock');
const environment = new PythonEnvironment(join(repository, '.venv-torch'));
const report = new Report();

if (!existsSync(lockFile)) {
  report.line(`${lockFile} is missing; it names the packages of the Python tests.`);
  process.exit(1);
}
if (!(await environment.has(lockFile)))
  await report.step('PyTorch and transformers (PyPI, into .venv-torch)', async () =>
    environment.install(
      lockFile,
      await findPython(process.env, { what: 'PyTorch and transformers are', oldestMinor: 11 }),
    ),
  );
const tests = spawnSync(environment.bin('python'), ['-m', 'pytest', ...process.argv.slice(2)], {
  cwd: join(repository, 'workers', 'torch'),
  stdio: 'inherit',
});
process.exit(tests.status ?? 1);
