import { truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createStartActivities } from '../../../activities/start.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { refusal } from '../../refusal.ts';
import { temporaryStore } from './stage-store.ts';
import { writeRunTo } from './written-run.ts';

/** A store with the run `sft-0a1b2c3d` of five steps. */
async function aStore() {
  const store = await temporaryStore();
  await writeRunTo(store, 'sft-0a1b2c3d', 5);
  return { store, ...createStartActivities({ store }) };
}

test('a run starts from the weights of a step, without its optimiser, and says where they come from', async () => {
  const { store, findStart } = await aStore();
  const { model, policy, trainedFrom } = await findStart({ runKey: 'grpo', model: 'run:sft-0a1b2c3d@4' });
  expect(model).toBe('run:sft-0a1b2c3d@4');
  expect((await store.read(policy.weights)).toString()).toBe('weights of step 4');
  expect(policy).toEqual({ model: 'tiny', step: 0, weights: policy.weights });
  expect(trainedFrom).toEqual({ run: 'sft-0a1b2c3d', step: 4, weights: policy.weights.sha256 });
});

test('the weights stay when the other run removes its checkpoint', async () => {
  const { store, findStart } = await aStore();
  const { policy } = await findStart({ runKey: 'grpo', model: 'run:sft-0a1b2c3d@4' });
  await store.remove(keyOf('checkpointWeights', { runKey: 'sft-0a1b2c3d', step: 4 }));
  expect((await store.read(policy.weights)).toString()).toBe('weights of step 4');
});

test('the reference policy of the other run need not be there', async () => {
  const store = await temporaryStore();
  await writeRunTo(store, 'sft', 5, { refreshed: 3 });
  await store.remove(keyOf('checkpointWeights', { runKey: 'sft', step: 3 }));
  const { policy } = await createStartActivities({ store }).findStart({ runKey: 'grpo', model: 'run:sft@4' });
  expect((await store.read(policy.weights)).toString()).toBe('weights of step 4');
});

test('without a step it is the last one, and stays that one though the other run continues', async () => {
  const { store, findStart } = await aStore();
  const first = await findStart({ runKey: 'grpo', model: 'run:sft-0a1b2c3d' });
  expect(first.model).toBe('run:sft-0a1b2c3d@5');
  await writeRunTo(store, 'sft-0a1b2c3d', 6).catch(() => undefined);
  expect(await findStart({ runKey: 'grpo', model: 'run:sft-0a1b2c3d' })).toEqual(first);
});

test('a workflow id names its run, unless it has had several', async () => {
  const { store, findStart } = await aStore();
  expect((await findStart({ runKey: 'a', model: 'run:sft@2' })).trainedFrom).toMatchObject({ run: 'sft-0a1b2c3d' });
  await writeRunTo(store, 'sft-ffffffff', 1);
  await writeRunTo(store, 'sft-long-00000000', 1);
  await expect(findStart({ runKey: 'b', model: 'run:sft@2' })).rejects.toThrow(
    refusal('InvalidInput', '"sft"', 'sft-0a1b2c3d, sft-ffffffff'),
  );
});

test('an error names the missing checkpoint and the existing ones', async () => {
  const { store, findStart } = await aStore();
  const start = (model: string) => findStart({ runKey: 'x', model });
  for (const step of [3, 77])
    await expect(start(`run:sft-0a1b2c3d@${step}`)).rejects.toThrow(
      refusal('InvalidInput', 'sft-0a1b2c3d', `step ${step};`, 'at 0, 2, 4, 5 ', 'checkpoints.keepEvery'),
    );
  await expect(start('run:unknown')).rejects.toThrow(refusal('InvalidInput', 'no run "unknown"'));
  await expect(start('tiny')).rejects.toThrow('"tiny" names no checkpoint of a run');
  await truncate(
    await store.localCopy((await store.find(keyOf('checkpointWeights', { runKey: 'sft-0a1b2c3d', step: 4 })))!),
    3,
  );
  await expect(start('run:sft-0a1b2c3d@4')).rejects.toThrow('it has them at 0, 2, 5');
  expect(await store.find(keyOf('start', { runKey: 'x' }))).toBeUndefined();
});
