import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProgressActivities } from '../../../activities/run-progress.ts';
import { readProgress } from '../../../contracts/read-progress.ts';
import { readRecords } from '../../../contracts/read-records.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { refusal } from '../../refusal.ts';
import { WatchedStorage } from '../../storage/watched-storage.ts';
import { writeRunTo } from './written-run.ts';

let root: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-progress-'));
  store = new ArtifactStore(root);
});
afterEach(() => rm(root, { recursive: true }));

const writeRun = (runKey: string, steps: number, options?: { refreshed: number }) =>
  writeRunTo(store, runKey, steps, options);

test.each([0, 1, 2, 5, 8])('a run continues after its last step: %i', async (steps) => {
  await writeRun('parent', steps);
  const { progress } = await createProgressActivities({ store, home: 'unused' }).findProgress({ run: 'parent' });
  expect(progress).toMatchObject({ step: steps, spent: { usd: 2, calls: 20 }, limits: { judgeBudgetUsd: 3 } });
});

const checkpoint = (step: number) => keyOf('checkpointWeights', { runKey: 'parent', step });
test.each([
  ['the last checkpoint', checkpoint(5), 4],
  ['the last state', keyOf('progress', { runKey: 'parent', step: 5 }), 4],
  ['a record of long ago', keyOf('record', { runKey: 'parent', step: 3 }), 2],
])('a run continues from before what is damaged or gone: %s', async (_, key, step) => {
  await writeRun('parent', 5);
  const { findProgress } = createProgressActivities({ store, home: 'unused' });
  const path = await store.localCopy((await store.find(key))!);
  await truncate(path, 3);
  expect((await findProgress({ run: 'parent' })).progress?.step).toBe(step);
  await rm(path);
  expect((await findProgress({ run: 'parent' })).progress?.step).toBe(step);
});

test('a fork that is cut off while its past is copied continues from no step of it: it is forked again', async () => {
  await writeRun('parent', 12);
  let left = 30;
  const cutOff = new ArtifactStore(root, {
    fence: () => ({
      claims: [],
      check: async () => {
        if (left-- <= 0) throw new Error('cut off');
      },
    }),
  });
  const fork = { from: { run: 'parent', step: 12 }, runKey: 'child', overrides: {} };
  await expect(createProgressActivities({ store: cutOff, home: 'unused' }).forkProgress(fork)).rejects.toThrow(
    'cut off',
  );
  const { findProgress, forkProgress } = createProgressActivities({ store, home: 'unused' });
  expect(await findProgress({ run: 'child' })).toEqual({});
  await forkProgress(fork);
  expect((await findProgress({ run: 'child' })).progress?.step).toBe(12);
});

test('a run whose every checkpoint is gone begins again', async () => {
  await writeRun('parent', 3);
  for (const step of [0, 2, 3]) await rm(await store.localCopy((await store.find(checkpoint(step)))!));
  const { progress } = await createProgressActivities({ store, home: 'unused' }).findProgress({ run: 'parent' });
  expect(progress).toMatchObject({ step: 0 });
});

test('a fork never continues from a step of its parent but the one it began with', async () => {
  await writeRun('parent', 5);
  const { findProgress, forkProgress } = createProgressActivities({ store, home: 'unused' });
  const fork = { from: { run: 'parent', step: 4 }, runKey: 'child', overrides: { 'algorithm.beta': 0.5 } };
  await forkProgress(fork);
  await truncate(await store.localCopy((await store.find(keyOf('record', { runKey: 'child', step: 3 })))!), 3);
  expect(await findProgress({ run: 'child' })).toEqual({});
  // Without progress a resumed fork is forked again, which repairs its past.
  const { progress } = await forkProgress(fork);
  expect(await findProgress({ run: 'child' })).toEqual({ progress });
  await truncate(await store.localCopy((await store.find(checkpoint(4)))!), 3);
  expect(await findProgress({ run: 'child' })).toEqual({});
  await expect(forkProgress(fork)).rejects.toThrow(refusal('InvalidInput', 'parent', 'step 4;', 'at 0, 2, 5 '));
});

test('damaged start weights stop no run and no fork: loadPolicy restores them', async () => {
  await writeRun('parent', 5);
  const { findProgress, forkProgress } = createProgressActivities({ store, home: 'unused' });
  await truncate(await store.localCopy((await store.find('start'))!), 3);
  await truncate(await store.localCopy((await store.find(checkpoint(0)))!), 3);
  expect((await findProgress({ run: 'parent' })).progress?.step).toBe(5);
  const fork = (step: number) =>
    forkProgress({ from: { run: 'parent', step }, runKey: `child-${step}`, overrides: {} });
  expect((await fork(4)).progress.step).toBe(4);
  expect((await fork(0)).progress.step).toBe(0);
});

test('a run that wrote nothing down has no progress', async () => {
  expect(await createProgressActivities({ store, home: 'unused' }).findProgress({ run: 'parent' })).toEqual({});
});

test('a fork has the parent as its past, its own config, and a bill of its own', async () => {
  await writeRun('parent', 5);
  const { forkProgress } = createProgressActivities({ store, home: 'unused' });
  const fork = { from: { run: 'parent', step: 4 }, runKey: 'child', overrides: { 'algorithm.beta': 0.5 } };
  const { progress } = await forkProgress(fork);
  expect(progress).toMatchObject({ step: 4, spent: { usd: 0, calls: 0 }, limits: {}, mirroredStep: -1 });
  expect(progress.config.algorithm).toMatchObject({ beta: 0.5, steps: 5 });
  expect((await store.read(progress.policy.weights)).toString()).toBe('weights of step 4');
  expect((await readRecords(store, 'child', 0, 4)).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
  expect(await forkProgress(fork)).toEqual({ progress });
});

test('a fork says which run and step it continues from, and has its own clock', async () => {
  await writeRun('parent', 5);
  const { findProgress, forkProgress } = createProgressActivities({ store, home: 'unused' });
  const fork = (run: string, step: number, runKey: string) =>
    forkProgress({ from: { run, step }, runKey, overrides: {}, startTime: 77 });
  const { progress } = await fork('parent', 4, 'child');
  expect(progress).toMatchObject({ forkedFrom: { run: 'parent', step: 4 }, startTime: 77 });
  expect(progress).not.toHaveProperty('collapse');
  for (const step of [0, 2, 4])
    expect(await readProgress(store, 'child', step)).toMatchObject({ forkedFrom: { step: 4 }, startTime: 77 });
  expect((await findProgress({ run: 'child' })).progress).toEqual(progress);
  // A fork of a fork names the fork.
  expect((await fork('child', 2, 'grandchild')).progress.forkedFrom).toEqual({ run: 'child', step: 2 });
});

test('a fork that is ended before its first step is resumed as the fork it is, and can be forked itself', async () => {
  await writeRun('parent', 5);
  const { findProgress, forkProgress } = createProgressActivities({ store, home: 'unused' });
  const { progress } = await forkProgress({
    from: { run: 'parent', step: 4 },
    runKey: 'child',
    overrides: { 'algorithm.beta': 0.5 },
  });
  expect(await findProgress({ run: 'child' })).toEqual({ progress });
  const grandchild = await forkProgress({ from: { run: 'child', step: 2 }, runKey: 'grandchild', overrides: {} });
  expect(grandchild.progress).toMatchObject({ step: 2, config: { algorithm: { beta: 0.5 } } });
});

test('a fork continues looking for the best checkpoint, unless it asks for another metric', async () => {
  await writeRunTo(store, 'parent', 4, { best: { metric: 'eventF1', patience: 9 } });
  const { forkProgress } = createProgressActivities({ store, home: 'unused' });
  const bestOf = async (runKey: string, overrides: object) =>
    (await forkProgress({ from: { run: 'parent', step: 2 }, runKey, overrides: { ...overrides } })).progress.best;
  expect(await bestOf('same', { 'checkpoints.best.patience': 3 })).toMatchObject({ step: 0, waited: 2 });
  expect(await bestOf('other', { 'checkpoints.best.metric': 'think' })).toBeUndefined();
  expect(await bestOf('none', { checkpoints: {} })).toBeUndefined();
  // A second attempt finds the fork's own state, and the parent's past is as it was.
  expect(await bestOf('other', { 'checkpoints.best.metric': 'think' })).toBeUndefined();
  for (const step of [0, 1, 2]) expect((await readProgress(store, 'other', step)).best).toBeUndefined();
  for (const step of [0, 1, 2]) expect((await readProgress(store, 'same', step)).best).toMatchObject({ waited: step });
});

test('a fork says which checkpoints there are, and what is wrong with a change', async () => {
  await writeRun('parent', 5);
  const { forkProgress } = createProgressActivities({ store, home: 'unused' });
  const fork = (run: string, step: number, overrides = {}) =>
    forkProgress({ from: { run, step }, runKey: 'c', overrides });
  await expect(fork('parent', 3)).rejects.toThrow(
    refusal('InvalidInput', 'parent', 'step 3;', 'at 0, 2, 4, 5 ', 'checkpoints.keepEvery'),
  );
  await expect(fork('unknown', 0)).rejects.toThrow(refusal('InvalidInput', 'no run "unknown"'));
  await expect(fork('parent', 2, { 'algorithm.bta': 1 })).rejects.toMatchObject({
    code: 'InvalidConfig',
    message: expect.stringContaining('algorithm.bta'),
  });
});

test('a run continues from before a step whose reference policy is damaged: a state that has another', async () => {
  await writeRun('parent', 5, { refreshed: 3 });
  const { findProgress, forkProgress } = createProgressActivities({ store, home: 'unused' });
  expect((await findProgress({ run: 'parent' })).progress).toMatchObject({ step: 5, reference: { step: 3 } });
  await truncate(await store.localCopy((await store.find(checkpoint(3)))!), 3);
  expect((await findProgress({ run: 'parent' })).progress).toMatchObject({ step: 2, reference: { step: 0 } });
  await expect(forkProgress({ from: { run: 'parent', step: 4 }, runKey: 'child', overrides: {} })).rejects.toThrow(
    refusal('InvalidInput', 'parent', 'step 4;', 'at 0, 2 ('),
  );
});

describe('a fork of a run that continues', () => {
  const fork = (step: number) => ({ from: { run: 'parent', step }, runKey: 'child', overrides: {} });
  const own = (step: number) => keyOf('checkpointWeights', { runKey: 'child', step });

  test('has its own copies of a checkpoint that its parent removes, and of its reference policy', async () => {
    await writeRun('parent', 5, { refreshed: 3 });
    const { findProgress, forkProgress } = createProgressActivities({ store, home: 'unused' });
    const { progress } = await forkProgress(fork(5));
    expect(progress.policy.weights).toEqual(await store.find(own(5)));
    expect(progress.reference).toEqual({ model: 'tiny', step: 3, weights: await store.find(own(3)) });
    for (const step of [3, 5]) await store.remove(checkpoint(step));
    expect((await store.read(progress.policy.weights)).toString()).toBe('weights of step 5');
    expect(await findProgress({ run: 'child' })).toEqual({ progress });
    // A later attempt finds what the first has copied.
    expect(await forkProgress(fork(5))).toEqual({ progress });
  });

  test("refers to a parent's checkpoint that checkpoints.keepEvery keeps, and to the reference policy", async () => {
    await writeRun('parent', 5, { refreshed: 3 });
    const { progress } = await createProgressActivities({ store, home: 'unused' }).forkProgress(fork(4));
    expect(progress.policy.weights).toEqual(await store.find(checkpoint(4)));
    expect(progress.reference.weights).toEqual(await store.find(checkpoint(3)));
    expect(await store.find(own(4))).toBeUndefined();
  });

  test('is refused where the parent removes the checkpoint while it is copied', async () => {
    await writeRun('parent', 5);
    const moving = new ArtifactStore(
      new WatchedStorage(store.storage, {
        before: async ({ method, key }) => {
          if (method === 'localCopy' && key.includes('checkpoints/step-000005')) await store.remove(checkpoint(5));
        },
      }),
    );
    await expect(createProgressActivities({ store: moving, home: 'unused' }).forkProgress(fork(5))).rejects.toThrow(
      refusal('InvalidInput', 'parent', 'step 5;', 'at 0, 2, 4 ('),
    );
  });
});
