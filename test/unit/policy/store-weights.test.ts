import { readFile, truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { mendStartPolicy, storeWeights } from '../../../policy/store-weights.ts';
import { temporaryStore } from '../activities/stage-store.ts';

test("a run's start weights are mended from the model they came from", async () => {
  const store = await temporaryStore();
  const weights = await storeWeights(store, openModelFolder('tiny'));
  const whole = await readFile(await store.localCopy(weights));
  await truncate(await store.localCopy(weights), 1000);
  await mendStartPolicy(store, { model: 'tiny', step: 0, weights });
  expect((await store.read(weights)).equals(whole)).toBe(true);
});

test('start weights that their model no longer has are refused by name', async () => {
  const store = await temporaryStore();
  const weights = await store.put('policies/old/model.safetensors', 'weights of another model');
  await truncate(await store.localCopy(weights), 3);
  await expect(mendStartPolicy(store, { model: 'tiny', step: 0, weights })).rejects.toMatchObject({
    code: 'CorruptArtifact',
    message: expect.stringMatching(
      /start weights store:policies\/old\/model\..* are damaged, and model tiny has others/,
    ),
  });
});
