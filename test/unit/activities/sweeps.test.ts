import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSweepActivities, createSweepTableActivities } from '../../../activities/sweeps.ts';
import { runsOf } from '../../../contracts/sweep-plan.ts';
import { refusal } from '../../refusal.ts';
import { temporaryStore } from './stage-store.ts';

let home: string;
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'videocap-sweeps-')));
});
afterEach(() => rm(home, { recursive: true }));

describe('a sweep of the start form', () => {
  const resolve = async (input: { sweep: string; overrides?: Record<string, number> }) =>
    (await createSweepActivities({ home }).resolveSweep(input)).plan;

  test('is named, and written out: every run has its changes, and all the same text of the experiment', async () => {
    const plan = await resolve({ sweep: 'sft-vs-grpo', overrides: { 'dataset.heldOutSamples': 50 } });
    expect(plan).toMatchObject({ name: 'sft-vs-grpo', config: 'quickstart', metric: 'eventF1', reference: 'sft' });
    expect(plan.configHash).toMatch(/^[0-9a-f]{64}$/);
    expect(plan.halving).toBeUndefined();
    expect(plan.arms.find(({ name }) => name === 'base')).toMatchObject({ seeds: [1], steps: 0, calls: 0 });
    const runs = runsOf(plan);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
    expect(runs.find(({ id }) => id === 'grpo-group.groupSize-4.few.s2')?.overrides).toEqual({
      ...{ 'dataset.seed': 7, 'dataset.heldOutSamples': 50, 'benchmark.everySteps': 0, 'checkpoints.keepEvery': 0 },
      ...{ 'dataset.references': 'few', 'sampling.groupSize': 4, seed: 2, name: 'sft-vs-grpo' },
    });
  });

  test('is refused with what there is, and by a path that runs may not open', async () => {
    await expect(resolve({ sweep: 'sft-vs-grop' })).rejects.toThrow(refusal('InvalidConfig', 'sft-vs-grop'));
    const path = join(home, '..', 'never-allowed.yaml');
    await expect(resolve({ sweep: path })).rejects.toThrow(refusal('InvalidConfig', path, 'allowed.yaml'));
    await expect(resolve({ sweep: 'quickstart' })).rejects.toThrow(refusal('InvalidConfig', 'arms'));
  });

  test('may be of so many runs, and no more', async () => {
    const path = join(home, 'many.yaml');
    const seeds = Array.from({ length: 100 }, (_, i) => i);
    const beta = [0, 0.01, 0.02, 0.03, 0.04, 0.05];
    await writeFile(
      path,
      `name: many\nconfig: quickstart\nreference: a\nseeds: ${JSON.stringify(seeds)}\n` +
        `arms: { a: {}, b: { grid: { algorithm.beta: ${JSON.stringify(beta)} } } }\n`,
    );
    await writeFile(join(home, 'allowed.yaml'), `configs: [${home}]\n`);
    await expect(resolve({ sweep: path })).rejects.toThrow(refusal('InvalidConfig', '700 runs', '500'));
  });

  test('takes an arm meanwhile, with the seeds of the reference arm; a wrong one is refused', async () => {
    const activities = createSweepActivities({ home });
    const plan = await resolve({ sweep: 'sft-vs-grpo' });
    const { arm } = await activities.resolveArm({ plan, arm: { name: 'new', set: { 'algorithm.beta': 0.2 } } });
    expect(arm).toEqual({ name: 'new', set: { 'algorithm.beta': 0.2 }, seeds: [1, 2, 3, 4, 5], calls: 0, steps: 60 });
    await expect(
      activities.resolveArm({ plan, arm: { name: 'new', set: { 'algorithm.betta': 0.2 } } }),
    ).rejects.toThrow(refusal('InvalidConfig', 'arm "new"', 'algorithm.betta', 'beta'));
  });

  test.each([
    [{ after: 'grpo-no-thinking', seeds: [9] }, ['seed 9', 'grpo-no-thinking']],
    [{ after: 'grpo', set: { 'policy.model': 'tiny' } }, ['policy.model', 'after']],
    [{ set: { seed: 3 } }, ['seed', 'seeds']],
    [{ set: { 'dataset.references': 'fewest' } }, ['dataset.references', 'fewest']],
  ])('refuses an arm whose runs would wait for ever, or be others than were meant: %j', async (fields, named) => {
    const plan = await resolve({ sweep: 'sft-vs-grpo' });
    const wrong = createSweepActivities({ home }).resolveArm({ plan, arm: { name: 'new', ...fields } });
    await expect(wrong).rejects.toThrow(refusal('InvalidConfig', 'sweep sft-vs-grpo', 'arm "new"', ...named));
  });
});

test('a table is written once, and another one where another run has ended', async () => {
  const store = await temporaryStore();
  const { writeSweepTable } = createSweepTableActivities({ store });
  const outcome = { arm: 'sft', condition: 'all', seed: 1, state: 'failed' as const, reason: 'no memory' };
  const input = { runKey: 's', name: 'small', metric: 'eventF1', reference: 'sft', outcomes: [outcome] };
  const first = await writeSweepTable(input);
  expect(first.result.leftOut).toEqual([{ arm: 'sft', run: 'sft, all, seed 1', state: 'failed', reason: 'no memory' }]);
  expect(await writeSweepTable(input)).toEqual(first);
  const other = await writeSweepTable({ ...input, outcomes: [outcome, { ...outcome, seed: 2 }] });
  expect(other.table.uri).not.toBe(first.table.uri);
  const page = (await store.read(first.page)).toString();
  expect(page).toContain('Nothing can be compared with sft');
  expect(page).toContain('no memory');
});
