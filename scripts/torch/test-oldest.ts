import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { packageFolder, torchEnvironment } from './torch-environment.ts';

/**
 * `npm run test:torch-oldest`: the tests in Python with the oldest versions that `workers/torch/pyproject.toml` names,
 * in an environment of their own that is removed afterwards, since it is as large as `.venv-torch`. Arguments go to
 * pytest; `--keep` leaves the environment for the next call.
 */
const args = process.argv.slice(2);
const environment = await torchEnvironment('oldest');
const pytest = ['-m', 'pytest', ...args.filter((arg) => arg !== '--keep')];
const { status } = spawnSync(environment.bin('python'), pytest, { cwd: packageFolder, stdio: 'inherit' });
if (!args.includes('--keep')) await rm(environment.folder, { recursive: true });
process.exit(status ?? 1);
