import { spawnSync } from 'node:child_process';
import { findInstallation } from '../../cli/installation.ts';
import { packageFolder, torchEnvironment } from './torch-environment.ts';

/** `npm run test:torch`: the tests in Python, then those of the engine's driver, which need PyTorch too. */
const environment = await torchEnvironment();
const { repository } = findInstallation();
const run = (program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = process.env) => {
  const { status } = spawnSync(program, args, { cwd, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
run(environment.bin('python'), ['-m', 'pytest', ...process.argv.slice(2)], packageFolder);
// The engine contract is played through a Temporal server.
run(process.execPath, ['cli/videocap.mjs', 'setup'], repository);
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'torch'];
run(process.execPath, vitest, repository, { ...process.env, VIDEOCAP_TEST_TORCH: '1' });
