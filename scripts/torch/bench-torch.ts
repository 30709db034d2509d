import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { Report } from '../../cli/setup/report.ts';
import { packageFolder, torchEnvironment } from './torch-environment.ts';

/**
 * `npm run bench:torch`: the torch engine against TRL, on the CPU, and the table of it in `docs/engines.md`. Options go
 * to `workers/torch/bench`. TRL comes into the engine's own environment, since both are to run with one torch.
 */
const environment = await torchEnvironment();
const lockFile = join(packageFolder, 'requirements-trl.lock');
if (!(await environment.has(lockFile)))
  await new Report().step('TRL (PyPI, into .venv-torch)', async () =>
    environment.install(lockFile, await findPython(process.env, { what: 'TRL is', oldestMinor: 11 })),
  );
const docs = join(findInstallation().repository, 'docs', 'engines.md');
const { status } = spawnSync(environment.bin('python'), ['-m', 'bench', '--write', docs, ...process.argv.slice(2)], {
  cwd: packageFolder,
  stdio: 'inherit',
  env: { ...process.env, CUDA_VISIBLE_DEVICES: '', HF_HUB_OFFLINE: '1' },
});
process.exit(status ?? 1);
