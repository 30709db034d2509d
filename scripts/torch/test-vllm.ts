import { spawnSync } from 'node:child_process';
import { findInstallation } from '../../cli/installation.ts';
import { torchEnvironment } from './torch-environment.ts';
import { vllmEnvironment } from './vllm-environment.ts';

/** `npm run test:vllm`: rollouts by real servers of vLLM, on the CPU. No other command calls it. */
await torchEnvironment();
await vllmEnvironment();
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'vllm'], {
  cwd: findInstallation().repository,
  env: { ...process.env, VIDEOCAP_TEST_VLLM: '1' },
  stdio: 'inherit',
});
process.exit(status ?? 1);
