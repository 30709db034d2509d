import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createUpdateActivities } from '../../../activities/update.ts';
import { GrpoConfig } from '../../../algorithms/grpo.ts';
import { SftConfig } from '../../../algorithms/sft.ts';
import { ScoredRollout } from '../../../contracts/run-results.ts';
import { sha256 } from '../../../core/artifact-store.ts';
import type { NumberGrid } from '../../../core/grid.ts';
import type { NotFinite } from '../../../core/not-finite.ts';
import type { CompletionBatch, PolicyEngine, ReferenceBatch, UpdateRequest } from '../../../core/policy-engine.ts';
import { referenceText } from '../../../core/reference-text.ts';
import { DEFAULT_PROMPT } from '../../../policy/prompt-config.ts';
import { storeScored } from '../../stored-scores.ts';
import { storeClips, temporaryStore } from './stage-store.ts';

const completion = (tokens: number) => ({
  text: '',
  tokenIds: Array(tokens).fill(9),
  logProbs: Array(tokens).fill(-1),
  truncated: false,
  parsed: { wellFormed: false },
});

/** A store with two clips, a rollout of two groups, and a base policy; an engine that learns the step's number. */
async function stage() {
  const store = await temporaryStore();
  const requests: UpdateRequest[] = [];
  /** One file in memory, one on disk: the store takes both. */
  const learnt = async (step: number, folder: string) => {
    const [bytes, path] = [Uint8Array.from(Buffer.from(`weights ${step}`)), join(folder, 'optimizer')];
    await writeFile(path, `moments ${step}`);
    return {
      weights: { bytes, sha256: sha256(bytes) },
      optimizer: { path, sha256: sha256(`moments ${step}`) },
      metrics: { loss: step },
    };
  };
  const stopped: Record<number, NotFinite> = {};
  const update: PolicyEngine['update'] = async (request) => {
    requests.push(request);
    const notFinite = stopped[request.step];
    return notFinite ? { notFinite } : learnt(request.step, request.folder);
  };
  const clips = await storeClips(store, ['a', 'b']);
  const rollout = await store.putJson('runs/r/step-000001/rollout.json', {
    step: 1,
    groups: [
      { sampleId: 'b', completions: [completion(2), completion(3)] },
      { sampleId: 'a', completions: [completion(1), completion(4)] },
    ],
  });
  const base = { model: 'tiny', step: 0, weights: await store.put('policies/base/model.safetensors', 'weights') };
  const input = {
    ...{ runKey: 'r', step: 1, policy: base, reference: base, keepEvery: 0 },
    engine: { kind: 'onnx', threads: 2 } as const,
    algorithm: GrpoConfig.parse({ kind: 'grpo' }),
  };
  const { updatePolicy } = createUpdateActivities({
    store,
    engine: { update, identity: async () => ({ engine: 'scripted' }) } as unknown as PolicyEngine,
  });
  const grpoBatch = async (advantages: NumberGrid = full, of = clips) => ({
    learnsFrom: 'completions' as const,
    scored: await storeScored(store, [{ rollout, advantages }]),
    clips: [of],
    temperature: 0.9,
    maxNewTokens: 7,
  });
  return { store, requests, stopped, input, clips, updatePolicy, grpoBatch };
}

const full: NumberGrid = [
  [-0.7, 0.7],
  [0, null],
];

test('an update is given the log-probabilities of the policy alone, where tokens were filtered', async () => {
  const { store, requests, input, clips, updatePolicy } = await stage();
  const filtered = { ...completion(2), logProbs: [-0.5, -0.25], policyLogProbs: [-1.5, -2] };
  const rollout = await store.putJson('runs/r/step-000001/filtered.json', {
    step: 1,
    groups: [{ sampleId: 'a', completions: [filtered, completion(1)] }],
  });
  await updatePolicy({
    ...input,
    batch: {
      learnsFrom: 'completions',
      scored: await storeScored(store, [{ rollout, advantages: [[1, -1]] }]),
      clips: [clips],
      temperature: 1,
      maxNewTokens: 7,
    },
  });
  const { groups } = requests[0]!.batch as CompletionBatch;
  expect(groups[0]!.completions.map(({ logProbs }) => logProbs)).toEqual([[-1.5, -2], [-1]]);
  expect(groups[0]!.prompt).toBe(DEFAULT_PROMPT);
});

test('a step leaves a checkpoint and its record, and a retry finds both', async () => {
  const { store, requests, input, updatePolicy, grpoBatch } = await stage();
  const output = await updatePolicy({ ...input, batch: await grpoBatch() });
  expect(output).toMatchObject({ policy: { model: 'tiny', step: 1 }, metrics: { loss: 1 } });
  expect((await store.read(output.policy.weights)).toString()).toBe('weights 1');
  expect((await store.read(output.policy.optimizer!)).toString()).toBe('moments 1');
  expect(await updatePolicy({ ...input, batch: await grpoBatch() })).toEqual(output);
  expect(requests.length).toBe(1);
  expect(await readdir(store.storage.place)).not.toContainEqual(expect.stringContaining('scratch'));
});

test('a step that was killed before its record is made again, with the same checkpoint', async () => {
  const { store, requests, input, updatePolicy, grpoBatch } = await stage();
  const output = await updatePolicy({ ...input, batch: await grpoBatch() });
  await store.remove('runs/r/step-000001/update.json');
  const again = await updatePolicy({ ...input, batch: await grpoBatch() });
  expect(again.policy).toEqual(output.policy);
  expect(requests.length).toBe(2);
});

describe('an update that is not finite', () => {
  const notFinite: NotFinite = { what: 'loss', value: 'NaN', samples: ['b'] };
  const keys = (step: number) => [
    `runs/r/checkpoints/step-00000${step}/model.safetensors`,
    `runs/r/checkpoints/step-00000${step}/optimizer.safetensors`,
    `runs/r/step-00000${step}/update.json`,
  ];

  test('is recorded with what it was; its checkpoint holds the bytes of the one before', async () => {
    const { store, requests, stopped, input, updatePolicy, grpoBatch } = await stage();
    stopped[2] = notFinite;
    const { policy } = await updatePolicy({ ...input, batch: await grpoBatch() });
    const second = { ...input, step: 2, policy, batch: await grpoBatch() };
    const output = await updatePolicy(second);
    expect(output).toMatchObject({ policy: { model: 'tiny', step: 2 }, metrics: { updates: 0 }, notFinite });
    expect((await store.read(output.policy.weights)).toString()).toBe('weights 1');
    expect((await store.read(output.policy.optimizer!)).toString()).toBe('moments 1');
    expect([output.policy.weights.uri, output.policy.optimizer!.uri]).toEqual([
      expect.stringContaining('checkpoints/step-000002/model'),
      expect.stringContaining('checkpoints/step-000002/optimizer'),
    ]);
    expect(await updatePolicy(second)).toEqual(output);
    expect(requests.map(({ step }) => step)).toEqual([1, 2]);
    // The step after it removes the checkpoint that it was copied from.
    await updatePolicy({ ...second, step: 3, policy: output.policy });
    expect(await store.find(keys(1)[0]!)).toBeUndefined();
    expect((await store.read(output.policy.weights)).toString()).toBe('weights 1');
  });

  test('as the first one has no optimiser state, as the start policy', async () => {
    const { store, stopped, input, updatePolicy, grpoBatch } = await stage();
    stopped[1] = notFinite;
    const { policy } = await updatePolicy({ ...input, batch: await grpoBatch() });
    expect((await store.read(policy.weights)).toString()).toBe('weights');
    expect(policy.optimizer).toBeUndefined();
    expect((await updatePolicy({ ...input, step: 2, policy, batch: await grpoBatch() })).policy).toMatchObject({
      step: 2,
    });
  });

  test.each([0, 1, 2])(
    'a worker that dies after %i of its three artifacts leaves a step that is made again',
    async (n) => {
      const { store, stopped, input, updatePolicy, grpoBatch } = await stage();
      stopped[2] = notFinite;
      const { policy } = await updatePolicy({ ...input, batch: await grpoBatch() });
      const second = { ...input, step: 2, policy, batch: await grpoBatch() };
      const output = await updatePolicy(second);
      for (const key of keys(2).slice(n)) await store.remove(key);
      const again = await updatePolicy(second);
      expect({ ...again, seconds: 0 }).toEqual({ ...output, seconds: 0 });
      expect(await store.firstDamaged(again)).toBeUndefined();
    },
  );
});

test('groups go to the engine with the frames of their sample, whatever the order of the clips', async () => {
  const { requests, input, updatePolicy, grpoBatch } = await stage();
  await updatePolicy({ ...input, batch: await grpoBatch() });
  expect(requests[0]).toMatchObject({ step: 1, loss: 'grpo', engine: input.engine, algorithm: input.algorithm });
  const batch = requests[0]!.batch as CompletionBatch;
  expect(batch).toMatchObject({ temperature: 0.9, maxLength: 7 });
  expect(batch.groups.map(({ frames }) => frames.data[0])).toEqual([1, 0]);
  expect(batch.groups.map(({ completions }) => completions.map(({ advantage }) => advantage))).toEqual(full);
});

test('the rollouts of several rounds become one batch, in their order', async () => {
  const { store, requests, input, updatePolicy, grpoBatch } = await stage();
  const rollout = await store.putJson('runs/r/step-000001/round-01/part-00/rollout.json', {
    step: 1,
    groups: [{ sampleId: 'c', completions: [completion(5), completion(6)] }],
  });
  const batch = await grpoBatch();
  const first = await store.readJson(batch.scored, z.array(ScoredRollout));
  const scored = await storeScored(store, [...first, { rollout, advantages: [[0.5, null]] }]);
  const clips = [...batch.clips, await storeClips(store, ['x', 'y', 'c'])];
  await expect(updatePolicy({ ...input, batch: { ...batch, scored } })).rejects.toMatchObject({ code: 'InvalidInput' });
  await updatePolicy({ ...input, batch: { ...batch, scored, clips } });
  expect(requests).toHaveLength(1);
  const { groups } = requests[0]!.batch as CompletionBatch;
  expect(groups.map(({ frames }) => frames.data[0])).toEqual([1, 0, 2]);
  expect(groups[2]!.completions.map(({ advantage }) => advantage)).toEqual([0.5, null]);
});

test('advantages of another rollout are refused', async () => {
  const { input, updatePolicy, grpoBatch } = await stage();
  await expect(updatePolicy({ ...input, batch: await grpoBatch([[1, 2]]) })).rejects.toThrow(
    'The advantages have groups of [2] completions, but the rollout has [2,2]; pass those of this rollout.',
  );
});

test('clips of other samples are refused', async () => {
  const { store, input, updatePolicy, grpoBatch } = await stage();
  const clips = await storeClips(store, ['a', 'c']);
  await expect(updatePolicy({ ...input, batch: await grpoBatch(full, clips) })).rejects.toThrow(
    'Sample "b" of the rollout is not among the clips',
  );
});

test.each([
  [0, [4, 5]],
  [2, [2, 4, 5]],
])('with keepEvery %i, the checkpoints of steps %j are left after step 5', async (keepEvery, left) => {
  const { store, input, updatePolicy, grpoBatch } = await stage();
  let policy = input.policy;
  for (let step = 1; step <= 5; step++)
    policy = (await updatePolicy({ ...input, step, policy, keepEvery, batch: await grpoBatch() }))
      .policy as typeof policy;
  const found = await Promise.all(
    [1, 2, 3, 4, 5].map((step) => store.find(`runs/r/checkpoints/step-00000${step}/model.safetensors`)),
  );
  expect([1, 2, 3, 4, 5].filter((step) => found[step - 1])).toEqual(left);
});

test("the reference policy's weights stay while a step trains against them, without optimiser state", async () => {
  const { store, input, updatePolicy, grpoBatch } = await stage();
  const algorithm = GrpoConfig.parse({ refreshReferenceEvery: 3 });
  let [policy, reference] = [input.policy, input.reference];
  const left: number[][] = [];
  for (let step = 1; step <= 7; step++) {
    const made = await updatePolicy({ ...input, algorithm, step, policy, reference, batch: await grpoBatch() });
    policy = made.policy as typeof policy;
    if (step % 3 === 0) reference = { model: policy.model, step, weights: policy.weights };
    const storedIn = async (at: number, file: string) =>
      (await store.find(`runs/r/checkpoints/step-00000${at}/${file}.safetensors`)) ? [at] : [];
    const stored = async (file: string) =>
      (await Promise.all([1, 2, 3, 4, 5, 6, 7].map((at) => storedIn(at, file)))).flat();
    left.push(await stored('model'));
    expect(await stored('optimizer')).toEqual([step - 1, step].filter((at) => at > 0));
  }
  // After step 3 the reference policy is that of step 3, after step 6 that of step 6.
  expect(left).toEqual([[1], [1, 2], [2, 3], [3, 4], [3, 4, 5], [3, 5, 6], [6, 7]]);
});

test('checkpoints that are to be kept stay beside those of keepEvery', async () => {
  const { store, input, updatePolicy, grpoBatch } = await stage();
  let policy = input.policy;
  for (let step = 1; step <= 5; step++) {
    const keep = step > 1 ? [1, 0] : [0];
    policy = (await updatePolicy({ ...input, step, policy, keep, batch: await grpoBatch() })).policy as typeof policy;
  }
  const found = await Promise.all(
    [1, 2, 3, 4, 5].map((step) => store.find(`runs/r/checkpoints/step-00000${step}/model.safetensors`)),
  );
  expect([1, 2, 3, 4, 5].filter((step) => found[step - 1])).toEqual([1, 4, 5]);
});

test("SFT learns each clip's reference, in the order of the clips", async () => {
  const { store, requests, input, clips, updatePolicy } = await stage();
  const thought = [{ subject: 'star', attributes: [], actions: ['grows'] }];
  const video = { path: '/v.mp4', sha256: '', bytes: 1 };
  const manifest = await store.putJson('manifest.json', {
    name: 'd',
    digest: 'd',
    train: [
      { id: 'b', video, caption: 'A star grows.', thought },
      { id: 'a', video, caption: 'A cross blinks.' },
    ],
    heldOut: [],
    quarantined: [],
  });
  const batch = { learnsFrom: 'references' as const, clips, manifest };
  await updatePolicy({ ...input, algorithm: SftConfig.parse({ kind: 'sft' }), batch });
  expect(requests[0]!.loss).toBe('sft');
  expect((requests[0]!.batch as ReferenceBatch).samples.map(({ text, frames }) => [frames.data[0], text])).toEqual([
    [0, '<answer>A cross blinks.</answer>'],
    [1, '<think>[{"subject":"star","attributes":[],"actions":["grows"]}]</think><answer>A star grows.</answer>'],
  ]);
});

test('a sample without a thought teaches its caption alone', () => {
  expect(referenceText({ caption: 'A dog.' }, 'structured')).toBe('<answer>A dog.</answer>');
  expect(referenceText({ caption: 'A dog.', thought: [] }, 'structured')).toBe(
    '<think>[]</think><answer>A dog.</answer>',
  );
  expect(referenceText({ caption: 'A dog.', thought: [] }, 'plain')).toBe('A dog.');
});
