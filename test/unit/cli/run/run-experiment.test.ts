import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { forWorkers, newWorkflowId } from '../../../../cli/run/run-experiment.ts';
import { requireAllowedConfig } from '../../../../configs/allowed-configs.ts';

it('names runs by config and time', () => {
  const now = new Date('2026-11-24T12:05:09.250Z');
  expect(newWorkflowId('quickstart', now)).toMatch(/^quickstart-20261124-120509-[0-9a-f]{4}$/);
});

it('hands a path to the workers absolute, as one that they may open, and a name as it is', async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'videocap-configs-')));
  const [home, config] = [join(folder, 'home'), join(folder, 'own.yaml')];
  await writeFile(config, 'seed: 2');
  const rules = { home, folders: [], allowedPath: join(home, 'allowed.yaml') };
  await expect(requireAllowedConfig(config, rules)).rejects.toThrow(`A run may not open ${config}: `);
  expect(await forWorkers({ name: 'quickstart' }, home)).toEqual({ config: 'quickstart' });
  expect(await forWorkers({ name: relative('.', config) }, home)).toEqual({ config });
  await expect(requireAllowedConfig(config, rules)).resolves.toBeUndefined();
  await rm(folder, { recursive: true });
});
