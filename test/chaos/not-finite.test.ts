import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecords } from '../../contracts/read-records.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { type Cell, MOMENTS } from './matrix/cells.ts';
import { differences, madeTwice, type Outcome, outcomeOf } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { ChaosWorld, type Played } from './matrix/world.ts';

let world: ChaosWorld;
let calm: Outcome;
let through: Played;
beforeAll(async () => {
  world = await ChaosWorld.start();
  through = await world.play('calm', experiment('skip'));
  calm = await outcomeOf(through);
}, 300_000);
afterAll(() => world?.stop());

/**
 * Four steps of the real engine with a weight of the KL that no number of 32 bits can be multiplied by. In the first
 * step the policy is the reference policy, and the KL is 0; after it, it is not.
 */
function experiment(nonFinite: 'skip' | 'pause') {
  const { config, overrides } = matrixExperiment(world.judge.baseUrl);
  return {
    config,
    overrides: {
      ...overrides,
      ...{ 'algorithm.steps': 4, 'algorithm.iterations': 1, 'algorithm.beta': 1e38, 'benchmark.everySteps': 2 },
      ...{ 'algorithm.optimizer.nonFinite': nonFinite, 'algorithm.optimizer.learningRate': 1e-3 },
    },
  };
}

const recordsOf = ({ home, summary }: Played) =>
  readRecords(new ArtifactStore(join(home, 'store')), summary.runKey, 1, summary.steps);
const statusOf = (handle: WorkflowHandle) => handle.query<RunStatus>('status');
const isPaused = { stage: 'paused: not finite' };

it('skips the updates that are not finite, names their samples, and keeps the weights of the step before', async () => {
  const records = await recordsOf(through);
  expect(records.map(({ notFinite }) => notFinite !== undefined)).toEqual([false, true, true, true]);
  for (const { notFinite } of records.slice(1)) expect(notFinite!.samples!.length).toBeGreaterThan(0);
  expect(records.map(({ metrics }) => metrics['train/skippedUpdates'])).toEqual([undefined, 1, 2, 3]);
  expect(through.points.filter(({ key }) => key === 'train/skippedUpdates')).toHaveLength(3);
  expect(through.summary.policy.weights.sha256).not.toBe(through.summary.base.policy.weights.sha256);
  const store = new ArtifactStore(join(through.home, 'store'));
  expect(await store.firstDamaged(through.summary.policy)).toBeUndefined();
});

describe('a worker that dies in a step whose update is skipped', () => {
  it.each(MOMENTS)(
    '%s: changes nothing',
    async (moment) => {
      const cell: Cell = { stage: 'update', moment, victim: 'worker', call: 2, awaySeconds: 0 };
      const played = await world.play(`killed ${moment}`.replaceAll(' ', '-'), experiment('skip'), { cells: [cell] });
      expect(played.struck).toEqual(['worker']);
      expect(differences(calm, await outcomeOf(played))).toEqual([]);
      expect(madeTwice(played)).toEqual([]);
    },
    240_000,
  );
});

it('a run that waits is killed, terminated and resumed: it waits again, and ends with the same weights', async () => {
  const go = async (handle: WorkflowHandle) => {
    for (const step of [1, 2, 3]) {
      await expect
        .poll(() => statusOf(handle).catch(() => undefined), { timeout: 60_000 })
        .toMatchObject({ ...isPaused, step });
      await handle.signal('resume');
    }
  };
  const played = await world.play('waiting', experiment('pause'), {
    end: async (handle) => {
      await expect.poll(() => statusOf(handle).catch(() => undefined), { timeout: 60_000 }).toMatchObject(isPaused);
      const { run } = (await handle.describe()).memo as { run: string };
      await handle.terminate('ended by the test');
      return { ...experiment('pause'), resume: { run } };
    },
    disturb: async ({ run, strike }) => {
      await expect.poll(() => statusOf(run).catch(() => undefined), { timeout: 60_000 }).toMatchObject(isPaused);
      await strike('worker');
      await go(run);
    },
  });
  const { weights, optimizer, series } = await outcomeOf(played);
  expect({ weights, optimizer, series }).toEqual({
    weights: calm.weights,
    optimizer: calm.optimizer,
    series: calm.series,
  });
}, 300_000);
