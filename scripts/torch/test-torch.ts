import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findInstallation } from '../../cli/installation.ts';
import { Report } from '../../cli/setup/report.ts';
import { setUp } from '../../cli/setup/setup.ts';
import { packageFolder, torchEnvironment } from './torch-environment.ts';
import { vllmEnvironment } from './vllm-environment.ts';

/**
 * `npm run test:torch [-- FILE...]`: the tests in Python beside those of the engine's driver, of which some start
 * servers of vLLM; with files, these of the latter alone. Each of the two leaves a core to the other.
 */
const files = process.argv.slice(2);
const tests = files.length > 0 ? files : ['test/torch', 'test/vllm'];
const installation = findInstallation();
// The engine contract is played through a Temporal server, a run through MLflow too.
await setUp(installation, new Report());
const environment = await torchEnvironment();
if (tests.some((file) => file.startsWith('test/vllm'))) await vllmEnvironment();

const python = files.length > 0 ? undefined : runPython();
// Three files at a time: a server takes 3 GB, and each rank 1.
const vitestArgs = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'torch', '--maxWorkers', '3', ...tests];
const vitest = spawn(process.execPath, vitestArgs, {
  cwd: installation.repository,
  env: { ...process.env, VIDEOCAP_TEST_TORCH: '1' },
  stdio: 'inherit',
});
const [status] = (await once(vitest, 'exit')) as [number | null];
const tested = await python;
process.stdout.write(tested?.output ?? '');
process.exit(status || tested?.status ? 1 : 0);

/** What pytest says is shown at the end, not between the lines of the others. */
async function runPython(): Promise<{ status: number | null; output: string }> {
  const child = spawn(environment.bin('python'), ['-m', 'pytest', '--durations=5'], {
    cwd: packageFolder,
    env: { ...process.env, OMP_NUM_THREADS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}
