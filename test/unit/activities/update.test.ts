import { expect, test } from 'vitest';
import { createUpdateActivities, referenceText } from '../../../activities/update.ts';
import { GrpoConfig } from '../../../algorithms/grpo.ts';
import { SftConfig } from '../../../algorithms/sft.ts';
import { sha256 } from '../../../core/artifact-store.ts';
import type { NumberGrid } from '../../../core/grid.ts';
import type { PolicyEngine } from '../../../policy/onnx/engine/engine.ts';
import type { GrpoRequest, SftRequest } from '../../../policy/onnx/engine/engine-messages.ts';
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
  const grpo: Omit<GrpoRequest, 'kind'>[] = [];
  const sft: Omit<SftRequest, 'kind'>[] = [];
  const learnt = (step: number) => {
    const [weights, optimizer] = [Buffer.from(`weights ${step}`), Buffer.from(`moments ${step}`)].map((b) =>
      Uint8Array.from(b),
    );
    return {
      weights: weights!,
      optimizer: optimizer!,
      weightsSha256: sha256(weights!),
      optimizerSha256: sha256(optimizer!),
      metrics: { loss: step },
    };
  };
  const engine = {
    grpo: async (request: Omit<GrpoRequest, 'kind'>) => {
      grpo.push(request);
      return learnt(request.step);
    },
    sft: async (request: Omit<SftRequest, 'kind'>) => {
      sft.push(request);
      return learnt(request.step);
    },
  } as unknown as PolicyEngine;
  const clips = await storeClips(store, ['a', 'b']);
  const rollout = await store.putJson('runs/r/step-000001/round-00/part-00/rollout.json', {
    step: 1,
    groups: [
      { sampleId: 'b', completions: [completion(2), completion(3)] },
      { sampleId: 'a', completions: [completion(1), completion(4)] },
    ],
  });
  const base = { model: 'tiny', step: 0, weights: await store.put('policies/base/model.safetensors', 'weights') };
  const engineConfig = { kind: 'onnx', threads: 2 } as const;
  const input = { runKey: 'r', step: 1, policy: base, reference: base, engine: engineConfig, keepEvery: 0 };
  const { updatePolicy } = createUpdateActivities({ store, engine });
  const grpoInput = (advantages: NumberGrid = full, batchClips = clips) => ({
    ...input,
    algorithm: GrpoConfig.parse({ kind: 'grpo' }),
    batch: {
      learnsFrom: 'completions' as const,
      rollouts: [{ rollout, clips: batchClips, advantages }],
      temperature: 0.9,
      maxNewTokens: 7,
    },
  });
  return { store, grpo, sft, clips, rollout, input, updatePolicy, grpoInput };
}

const full: NumberGrid = [
  [-0.7, 0.7],
  [0, 0],
];

test('a step leaves a checkpoint and its record, and a retry finds both', async () => {
  const { store, grpo, updatePolicy, grpoInput } = await stage();
  const output = await updatePolicy(grpoInput());
  expect(output).toMatchObject({ policy: { model: 'tiny', step: 1 }, metrics: { loss: 1 } });
  expect((await store.read(output.policy.weights)).toString()).toBe('weights 1');
  expect((await store.read(output.policy.optimizer!)).toString()).toBe('moments 1');
  expect(await updatePolicy(grpoInput())).toEqual(output);
  expect(grpo.length).toBe(1);
});

test('a step that was killed before its record is made again, with the same checkpoint', async () => {
  const { store, grpo, updatePolicy, grpoInput } = await stage();
  const output = await updatePolicy(grpoInput());
  await store.remove('runs/r/step-000001/update.json');
  const again = await updatePolicy(grpoInput());
  expect(again.policy).toEqual(output.policy);
  expect(grpo.length).toBe(2);
});

test('groups go to the engine with the frames of their sample, whatever the order of the clips', async () => {
  const { grpo, updatePolicy, grpoInput } = await stage();
  await updatePolicy(grpoInput());
  expect(grpo[0]).toMatchObject({ step: 1, threads: 2, temperature: 0.9, maxLength: 7 });
  expect(grpo[0]!.groups.map(({ frames }) => frames.data[0])).toEqual([1, 0]);
  expect(grpo[0]!.groups[0]!.completions.map(({ advantage }) => advantage)).toEqual([-0.7, 0.7]);
});

test('a completion without an advantage is left out', async () => {
  const { grpo, updatePolicy, grpoInput } = await stage();
  const advantages = [
    [null, null],
    [0.2, -0.2],
  ];
  await updatePolicy(grpoInput(advantages));
  expect(grpo[0]!.groups.map(({ completions }) => completions.map(({ advantage }) => advantage))).toEqual([
    [null, null],
    [0.2, -0.2],
  ]);
});

test('advantages of another rollout are refused', async () => {
  const { updatePolicy, grpoInput } = await stage();
  await expect(updatePolicy(grpoInput([[1, 2]]))).rejects.toThrow(
    'The advantages have groups of [2] completions, but the rollout has [2,2]; pass those of this rollout.',
  );
});

test('clips of other samples are refused', async () => {
  const { store, updatePolicy, grpoInput } = await stage();
  const clips = await storeClips(store, ['a', 'c']);
  await expect(updatePolicy(grpoInput(full, clips))).rejects.toThrow(
    'Sample "b" of the rollout is not among the clips',
  );
});

test.each([
  [0, [4, 5]],
  [2, [2, 4, 5]],
])('with keepEvery %i, the checkpoints of steps %j are left after step 5', async (keepEvery, left) => {
  const { store, input, updatePolicy, grpoInput } = await stage();
  let policy = input.policy;
  for (let step = 1; step <= 5; step++)
    policy = (await updatePolicy({ ...grpoInput(), step, policy, keepEvery })).policy as typeof policy;
  const found = await Promise.all(
    [1, 2, 3, 4, 5].map((step) => store.find(`runs/r/checkpoints/step-00000${step}/model.safetensors`)),
  );
  expect([1, 2, 3, 4, 5].filter((step) => found[step - 1])).toEqual(left);
});

test('the rollouts of all rounds are one batch, in the order in which they were sampled', async () => {
  const { store, grpo, clips, rollout, updatePolicy, grpoInput } = await stage();
  const second = await store.putJson('runs/r/step-000001/round-01/part-00/rollout.json', {
    step: 1,
    groups: [{ sampleId: 'c', completions: [completion(5), completion(6)] }],
  });
  const more = await storeClips(store, ['x', 'y', 'c']);
  const input = grpoInput();
  const rollouts = [
    { rollout, clips, advantages: full },
    { rollout: second, clips: more, advantages: [[0.5, null]] },
  ];
  await updatePolicy({ ...input, batch: { ...input.batch, rollouts } });
  expect(grpo).toHaveLength(1);
  expect(grpo[0]!.groups.map(({ frames }) => frames.data[0])).toEqual([1, 0, 2]);
  expect(grpo[0]!.groups[2]!.completions.map(({ advantage }) => advantage)).toEqual([0.5, null]);
});

test("SFT learns each clip's reference, in the order of the clips", async () => {
  const { store, sft, clips, input, updatePolicy } = await stage();
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
  expect(sft[0]!.samples.map(({ text, frames }) => [frames.data[0], text])).toEqual([
    [0, '<answer>A cross blinks.</answer>'],
    [1, '<think>[{"subject":"star","attributes":[],"actions":["grows"]}]</think><answer>A star grows.</answer>'],
  ]);
});

test('a sample without a thought teaches its caption alone', () => {
  expect(referenceText({ caption: 'A dog.' })).toBe('<answer>A dog.</answer>');
  expect(referenceText({ caption: 'A dog.', thought: [] })).toBe('<think>[]</think><answer>A dog.</answer>');
});
