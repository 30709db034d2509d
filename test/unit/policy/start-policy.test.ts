import { readFile, truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { sha256 } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { restoreStartPolicy, storeStartPolicy } from '../../../policy/start-policy.ts';
import { temporaryStore } from '../activities/stage-store.ts';

const engine = new OnnxEngine();

test("a run's start weights are restored from the model they came from", async () => {
  const store = await temporaryStore();
  const policy = await storeStartPolicy(store, engine, 'tiny');
  const whole = await readFile(await store.localCopy(policy.weights));
  await truncate(await store.localCopy(policy.weights), 1000);
  await restoreStartPolicy(store, engine, policy, 'tiny');
  expect((await store.read(policy.weights)).equals(whole)).toBe(true);
});

test('start weights that their model no longer has are refused by name', async () => {
  const store = await temporaryStore();
  const weights = await store.put('policies/old/model.safetensors', 'weights of another model');
  await truncate(await store.localCopy(weights), 3);
  await expect(restoreStartPolicy(store, engine, { model: 'tiny', step: 0, weights }, 'tiny')).rejects.toMatchObject({
    code: 'CorruptArtifact',
    message: expect.stringMatching(
      /start weights store:policies\/old\/model\..* are damaged, and model tiny has others/,
    ),
  });
});

test("start weights that another run trained are restored from that run's checkpoint, while it is there", async () => {
  const store = await temporaryStore();
  const hash = sha256('trained');
  const checkpoint = keyOf('checkpointWeights', { runKey: 'sft', step: 4 });
  await store.put(checkpoint, 'trained');
  const weights = await store.put(keyOf('startWeights', { hash }), 'trained');
  const reference = { model: 'tiny', step: 0, weights };
  await truncate(await store.localCopy(weights), 3);
  expect(await restoreStartPolicy(store, engine, reference, 'run:sft@4')).toEqual(reference);
  expect((await store.read(weights)).toString()).toBe('trained');

  await truncate(await store.localCopy(weights), 3);
  await store.remove(checkpoint);
  await expect(restoreStartPolicy(store, engine, reference, 'run:sft@4')).rejects.toMatchObject({
    code: 'CorruptArtifact',
    message: expect.stringMatching(
      /start weights store:policies.* damaged, and so is the checkpoint of run sft at step 4/,
    ),
  });
});
