import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { planExperiment } from '../../cli/plan/plan-experiment.ts';
import { loadConfig } from '../../configs/load-config.ts';
import { GPUS } from '../../policy/plan/gpus.ts';
import { torchEnvironment } from '../../policy/torch/torch-environment.ts';

test('videocap_torch.measure takes what videocap plan --json says', async () => {
  const config = await loadConfig('quickstart', {
    'policy.engine': { kind: 'torch', dtype: 'float32' },
    'frames.count': 2,
    'algorithm.samplesPerStep': 1,
    'sampling.groupSize': 2,
    'sampling.maxNewTokens': 8,
  });
  const plan = await planExperiment(config, { gpu: GPUS['h200-141']!, mfu: 0.35 });
  const folder = await mkdtemp(join(tmpdir(), 'videocap-measure-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
  const { python, packageFolder } = torchEnvironment();
  const measured = ['-W', 'ignore', '-m', 'videocap_torch.measure', '--repeat', '1', '--sampled-tokens', '2'];
  const { stdout, stderr } = spawnSync(python, [...measured, '--plan', join(folder, 'plan.json')], {
    cwd: packageFolder,
    encoding: 'utf8',
  });
  console.info(stdout);
  expect(stdout, stderr).toContain('two updates, made twice from the same weights: bit-equal');
  expect(stdout).toContain('cannot be measured here: MFU\n');
});
