import { spawnSync } from 'node:child_process';
import { packageFolder, torchEnvironment } from './torch-environment.ts';

/**
 * `tsx scripts/torch/run-python.ts MODULE [ARGUMENT...]`: runs a Python module of `workers/torch`, in an environment of
 * its own that is made from `requirements.lock` when it is missing.
 */
const [module, ...rest] = process.argv.slice(2);
if (!module) throw new Error('Name the Python module to run, such as pytest or videocap_torch.export.');
const environment = await torchEnvironment();
const run = spawnSync(environment.bin('python'), ['-m', module, ...rest], { cwd: packageFolder, stdio: 'inherit' });
process.exit(run.status ?? 1);
