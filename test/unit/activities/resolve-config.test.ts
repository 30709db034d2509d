import { mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createConfigActivities } from '../../../activities/resolve-config.ts';
import { forWorkers } from '../../../cli/run/run-experiment.ts';
import { configOf, readConfig } from '../../../configs/load-config.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { refusal } from '../../refusal.ts';

let folder: string;
let home: string;
let path: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'videocap-resolve-')));
  [home, path] = [join(folder, 'home'), join(folder, 'own.yaml')];
  await mkdir(home);
  await writeFile(path, 'seed: 2\npolicy: { model: ./model }\n');
});
afterEach(() => rm(folder, { recursive: true }));

/** What a worker makes of the input of a run. */
const resolved = async (
  input: { config: string; configHash?: string | undefined },
  overrides = {},
  workersHome = home,
) => {
  const store = new ArtifactStore(join(workersHome, 'store'));
  const { config } = await createConfigActivities({ store, home: workersHome }).resolveConfig({ ...input, overrides });
  return config;
};

it('a run has the config that its command has read, whatever becomes of the file before it begins', async () => {
  const source = await readConfig(relative('.', path));
  const seen = await configOf(source);
  const input = await forWorkers(source, home);
  expect(input.config).toBe(path);
  await writeFile(path, 'seed: 3\n');
  expect(await resolved(input)).toEqual(seen);
  expect(await resolved(input, { 'algorithm.steps': 9 })).toMatchObject({ seed: 2, algorithm: { steps: 9 } });
  await rm(path);
  expect(await resolved(input)).toEqual(seen);
});

it('so has one with a config that ships', async () => {
  const source = { ...(await readConfig('quickstart')), text: 'seed: 4\n' };
  expect(await resolved(await forWorkers(source, home))).toMatchObject({ seed: 4 });
});

it('a run that was started by hand has the config as it is when the run begins', async () => {
  await forWorkers(await readConfig(path), home);
  await writeFile(path, 'seed: 3\n');
  expect(await resolved({ config: path })).toMatchObject({ seed: 3 });
});

it('a hash opens no config but its own', async () => {
  const { configHash } = await forWorkers(await readConfig(path), home);
  await expect(resolved({ config: 'quickstart', configHash })).rejects.toEqual(
    refusal('InvalidConfig', 'quickstart', 'configHash'),
  );
  const other = join(folder, 'other.yaml');
  await writeFile(other, 'seed: 5\n');
  await expect(resolved({ config: other, configHash })).rejects.toEqual(
    refusal('InvalidConfig', 'may not open', other),
  );
});

it('workers with another home use the file where it is the same, and refuse another one', async () => {
  const input = await forWorkers(await readConfig(path), home);
  const workersHome = join(folder, 'workers');
  await mkdir(workersHome);
  await writeFile(join(workersHome, 'allowed.yaml'), `configs: [${folder}]\n`);
  expect(await resolved(input, {}, workersHome)).toMatchObject({ seed: 2 });
  await writeFile(path, 'seed: 3\n');
  await expect(resolved(input, {}, workersHome)).rejects.toEqual(refusal('InvalidConfig', path, 'configHash'));
});

it('kept texts are for their user alone', async () => {
  const { configHash } = await forWorkers(await readConfig(path), home);
  const { mode } = await stat(join(home, 'opened-configs', `${configHash}.yaml`));
  expect(mode & 0o777).toBe(0o600);
});
