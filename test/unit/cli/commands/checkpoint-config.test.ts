import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createConfigActivities } from '../../../../activities/resolve-config.ts';
import { checkpointConfig, configNote } from '../../../../cli/commands/checkpoint-config.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { refusal } from '../../../refusal.ts';
import { writeRunTo } from '../../activities/written-run.ts';

/** An installation with the run `sft-0a1b2c3d`, with the seed 7. */
async function installation() {
  const home = await mkdtemp(join(tmpdir(), 'videocap-home-'));
  vi.stubEnv('VIDEOCAP_HOME', home);
  const store = new ArtifactStore(join(home, 'store'));
  await writeRunTo(store, 'sft-0a1b2c3d', 5, { seed: 7 });
  return { home, store };
}
afterEach(() => vi.unstubAllEnvs());

describe("a run's checkpoint", () => {
  it("has the run's own config, of the same step, with changes", async () => {
    await installation();
    const used = await checkpointConfig('run:sft', undefined, { 'benchmark.maxNewTokens': 9 });
    expect(used).toMatchObject({
      ...{ checkpoint: 'run:sft-0a1b2c3d@5', name: 'run:sft-0a1b2c3d@5', named: false },
      config: { seed: 7, benchmark: { maxNewTokens: 9 } },
    });
    expect(configNote(used, 'Prompt')).toContain('Prompt are those of the run itself');
  });

  it('is the same config for the workers', async () => {
    const { home, store } = await installation();
    const { name, config } = await checkpointConfig('run:sft@4', undefined, {});
    expect(await createConfigActivities({ store, home }).resolveConfig({ config: name, overrides: {} })).toEqual({
      config,
    });
  });

  it('has the config that --config names', async () => {
    await installation();
    const used = await checkpointConfig('run:sft@4', 'quickstart', {});
    expect(used).toMatchObject({
      checkpoint: 'run:sft@4',
      name: 'quickstart',
      config: { seed: 1 },
    });
    expect(configNote(used, 'Prompt')).toBe('');
  });

  it('is refused where there is none, before anything starts', async () => {
    await installation();
    await expect(checkpointConfig('run:sft@99', undefined, {})).rejects.toEqual(refusal('InvalidInput', 'step 99'));
    await expect(checkpointConfig('run:grpo', undefined, {})).rejects.toEqual(refusal('InvalidInput', '"grpo"'));
  });
});

it('names the config of a model folder, and of a shipped model does not', async () => {
  const folder = await checkpointConfig(tmpdir(), undefined, {});
  expect(configNote(folder, 'Prompt')).toContain('quickstart');
  expect(configNote(await checkpointConfig('tiny', undefined, {}), 'Prompt')).toBe('');
});
