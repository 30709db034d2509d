import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PassedSteps } from '../../../activities/passed-steps.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';

const runKey = 'r';
let store: ArtifactStore;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-passed-'));
  store = new ArtifactStore(root);
  for (let step = 1; step <= 5; step++) await update(step);
  for (const step of [1, 2, 3]) await store.remove(weightsAt(step));
});
afterEach(() => rm(root, { recursive: true }));

const weightsAt = (step: number) => keyOf('checkpointWeights', { runKey, step });

async function update(step: number) {
  const weights = await store.put(weightsAt(step), `weights of step ${step}`);
  const policy = { model: 'tiny', step, weights };
  await store.putJson(keyOf('update', { runKey, step }), { policy, metrics: { loss: step }, seconds: 1 });
}

const passed = async (step: number) => (await new PassedSteps(store).output(runKey, step))?.metrics;
const damage = async (step: number) => writeFile(await store.localCopy((await store.find(weightsAt(step)))!), 'x');

it('a step whose checkpoint was removed is passed, where a later one is whole', async () => {
  expect(await Promise.all([1, 2, 3].map(passed))).toEqual([{ loss: 1 }, { loss: 2 }, { loss: 3 }]);
  await damage(4);
  expect(await passed(3)).toEqual({ loss: 3 });
});

it('a step whose checkpoint is there is not, whole or damaged', async () => {
  expect(await passed(4)).toBeUndefined();
  await damage(4);
  expect(await passed(4)).toBeUndefined();
});

it('a step is not passed where the run could not continue from a later one', async () => {
  await damage(4);
  await damage(5);
  expect(await passed(3)).toBeUndefined();
});

it('a step is not passed where an update between it and the whole one is not recorded', async () => {
  await store.remove(keyOf('update', { runKey, step: 3 }));
  expect(await passed(2)).toBeUndefined();
});

it('a step that was not made is not passed', async () => {
  expect(await passed(6)).toBeUndefined();
});
