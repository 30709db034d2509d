import { readFile, truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { restoreStartPolicy, storeStartPolicy } from '../../../policy/start-policy.ts';
import { temporaryStore } from '../activities/stage-store.ts';

const engine = new OnnxEngine();

test("a run's start weights are restored from the model they came from", async () => {
  const store = await temporaryStore();
  const policy = await storeStartPolicy(store, engine, 'tiny');
  const whole = await readFile(await store.localCopy(policy.weights));
  await truncate(await store.localCopy(policy.weights), 1000);
  await restoreStartPolicy(store, engine, policy);
  expect((await store.read(policy.weights)).equals(whole)).toBe(true);
});

test('start weights that their model no longer has are refused by name', async () => {
  const store = await temporaryStore();
  const weights = await store.put('policies/old/model.safetensors', 'weights of another model');
  await truncate(await store.localCopy(weights), 3);
  await expect(restoreStartPolicy(store, engine, { model: 'tiny', step: 0, weights })).rejects.toMatchObject({
    code: 'CorruptArtifact',
    message: expect.stringMatching(
      /start weights store:policies\/old\/model\..* are damaged, and model tiny has others/,
    ),
  });
});
