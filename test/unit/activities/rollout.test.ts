import { truncate } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createRolloutActivities } from '../../../activities/rollout.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import { CaptionedClip, Rollout } from '../../../core/completion.ts';
import type { GenerateRequest, PolicyEngine, SampledGroup } from '../../../core/policy-engine.ts';
import { Clips } from '../../../core/sample.ts';
import { sha256 } from '../../../core/sha256.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { SamplingConfig } from '../../../policy/policy-config.ts';
import { DEFAULT_PROMPT } from '../../../policy/prompt-config.ts';
import { failingStore } from '../../storage/failing-store.ts';
import { storeClips, temporaryStore } from './stage-store.ts';

type Generate = PolicyEngine['generate'];

const identity: PolicyEngine['identity'] = async () => ({ engine: 'scripted' });
const onnx = new OnnxEngine();
afterAll(() => onnx.close());

/** Writes `<sample> <completion>` with as many tokens as the completion's number says; odd ones are cut off. */
function scriptedEngine() {
  const requests: Parameters<Generate>[0][] = [];
  const generate: Generate = async (request, options) => {
    requests.push(request);
    options?.onProgress?.({ done: 1, total: 2, what: 'completions written' });
    return request.clips.map(
      ({ sampleId }): SampledGroup => ({
        sampleId,
        completions: Array.from({ length: request.groupSize }, (_, c) => ({
          text: `${sampleId} ${c}`,
          tokenIds: Array(c + 1).fill(9),
          logProbs: Array(c + 1).fill(-1),
          truncated: c % 2 === 1,
        })),
      }),
    );
  };
  const startPolicy: PolicyEngine['startPolicy'] = (model, options) => onnx.startPolicy(model, options);
  return { engine: { generate, identity, startPolicy } as PolicyEngine, requests };
}

async function stage(sampleIds: string[], at?: ArtifactStore) {
  const store = at ?? (await temporaryStore());
  const { engine, requests } = scriptedEngine();
  const progress: unknown[] = [];
  const activities = createRolloutActivities({ store, engine, onProgress: (p) => progress.push(p) });
  const weights = await store.put('trained/model.safetensors', 'weights');
  const input = {
    ...{ runKey: 'r', step: 3 },
    policy: { model: 'tiny', step: 2, weights },
    engine: { kind: 'onnx', threads: 2 } as const,
    clips: await storeClips(store, sampleIds),
  };
  return { store, engine, requests, progress, activities, input };
}

test('a rollout is stored with what there is to count, and a retry finds it', async () => {
  const { store, requests, activities, input } = await stage(['a', 'b']);
  const sampling = SamplingConfig.parse({ groupSize: 3, temperature: 0.5, maxNewTokens: 7 });
  const output = await activities.rolloutGroups({ ...input, round: 1, part: 0, sampling, seed: 11 });
  expect(output).toMatchObject({ completions: 6, tokens: 12, meanLength: 2, truncated: 2 });
  const rollout = await store.readJson(output.rollout, Rollout);
  expect(rollout.step).toBe(3);
  expect(rollout.groups.map(({ sampleId, completions }) => [sampleId, completions[2]!.text])).toEqual([
    ['a', 'a 2'],
    ['b', 'b 2'],
  ]);
  expect(await activities.rolloutGroups({ ...input, round: 1, part: 0, sampling, seed: 11 })).toEqual(output);
  expect(requests.length).toBe(1);
  expect(requests[0]).toMatchObject({
    engine: input.engine,
    groupSize: 3,
    maxNewTokens: 7,
    sampling: { temperature: 0.5, seed: 11, path: ['rollout', 3, 'round', 1] },
    policy: {
      model: 'tiny',
      weights: { path: await store.localCopy(input.policy.weights), sha256: input.policy.weights.sha256 },
    },
  } satisfies Partial<GenerateRequest>);
  expect(requests[0]!.clips[1]!.frames).toMatchObject({ shape: [2, 28, 28, 3] });
  expect(requests[0]!.clips[1]!.frames.data[0]).toBe(1);
});

test('captions are greedy, one a clip, in the order of the clips', async () => {
  const { store, requests, activities, input } = await stage(['a', 'b']);
  const { captions } = await activities.captionClips({ ...input, list: 'held-out', maxNewTokens: 9 });
  expect(await store.readJson(captions, z.array(CaptionedClip))).toEqual([
    { sampleId: 'a', prompt: DEFAULT_PROMPT, text: 'a 0', tokens: 1, parsed: { wellFormed: false } },
    { sampleId: 'b', prompt: DEFAULT_PROMPT, text: 'b 0', tokens: 1, parsed: { wellFormed: false } },
  ]);
  expect(requests[0]).toMatchObject({ groupSize: 1, maxNewTokens: 9 });
  expect(requests[0]).not.toHaveProperty('sampling');
  expect(requests[0]).not.toHaveProperty('filters');
});

test('a benchmark with a temperature draws by sample alone: the same numbers at every step', async () => {
  const { requests, activities, input } = await stage(['a']);
  const decoding = { temperature: 0.6, topP: 0.9 };
  const caption = { ...input, list: 'held-out', maxNewTokens: 9, decoding, seed: 4 };
  await activities.captionClips(caption);
  await activities.captionClips({ ...caption, step: 4 });
  for (const request of requests)
    expect(request).toMatchObject({
      sampling: { temperature: 0.6, seed: 4, path: ['caption'] },
      filters: { topK: 0, topP: 0.9, minP: 0, repetitionPenalty: 1 },
    });
  await activities.captionClips({ ...caption, step: 5, decoding: { repetitionPenalty: 1.2 } });
  expect(requests[2]).not.toHaveProperty('sampling');
  expect(requests[2]!.filters).toMatchObject({ repetitionPenalty: 1.2 });
});

describe('captions of a start policy', () => {
  const greedy = { list: 'held-out', maxNewTokens: 9 };

  async function started() {
    const staged = await stage(['a', 'b']);
    const weights = await staged.store.put(keyOf('startWeights', { hash: sha256('start') }), 'start');
    const input = { ...staged.input, step: 0, policy: { model: 'tiny', step: 0, weights } };
    return { ...staged, input: { ...input, ...greedy } };
  }

  test('are made once for all runs that measure it alike, of whatever key', async () => {
    const { activities, requests, input } = await started();
    const [first, second] = [
      await activities.captionClips(input),
      await activities.captionClips({ ...input, runKey: 's' }),
    ];
    expect(requests).toHaveLength(1);
    expect(second.captions.sha256).toBe(first.captions.sha256);
    expect(second.captions.uri).not.toBe(first.captions.uri);
    await activities.captionClips({ ...input, runKey: 't', maxNewTokens: 8 });
    expect(requests).toHaveLength(2);
  });

  test('are not shared once it is trained', async () => {
    const { activities, requests, input } = await stage(['a', 'b']);
    await activities.captionClips({ ...input, ...greedy });
    await activities.captionClips({ ...input, ...greedy, runKey: 's' });
    expect(requests).toHaveLength(2);
  });

  test("of rollout servers are each run's own: what serves is asked about after it has sampled", async () => {
    const { activities, engine, requests, input } = await started();
    const asked: number[] = [];
    engine.identity = async () => {
      asked.push(requests.length);
      return { engine: 'scripted' };
    };
    const rollout = { kind: 'vllm' as const, servers: ['http://127.0.0.1:9'] };
    const served = { ...input, engine: { kind: 'torch' as const, rollout } };
    await activities.captionClips(served);
    await activities.captionClips({ ...served, runKey: 's' });
    expect(asked).toEqual([1, 2]);
  });
});

test('the policy is asked what the list of clips says, and the rollout keeps it', async () => {
  const { store, requests, activities, input } = await stage(['a', 'b']);
  const [a, b] = await store.readJson(input.clips, Clips);
  const clips = await store.putJson('clips/asked.json', [{ ...a!, prompt: 'What happens?' }, b!]);
  const sampling = SamplingConfig.parse({ groupSize: 2, maxNewTokens: 7, topK: 5 });
  const { rollout } = await activities.rolloutGroups({ ...input, clips, round: 0, part: 0, sampling, seed: 1 });
  expect(requests[0]!.clips.map(({ prompt }) => prompt)).toEqual(['What happens?', DEFAULT_PROMPT]);
  expect(requests[0]!.filters).toEqual({ topK: 5, topP: 1, minP: 0, repetitionPenalty: 1 });
  const { groups } = await store.readJson(rollout, Rollout);
  expect(groups.map(({ prompt }) => prompt)).toEqual(['What happens?', DEFAULT_PROMPT]);
});

test('a long list is taken in parcels, and progress counts all of it', async () => {
  const ids = Array.from({ length: 65 }, (_, i) => `s${i}`);
  const { store, requests, progress, activities, input } = await stage(ids);
  const { captions } = await activities.captionClips({ ...input, list: 'held-out', maxNewTokens: 9 });
  expect(requests.map(({ clips }) => clips.length)).toEqual([64, 1]);
  expect((await store.readJson(captions, z.array(CaptionedClip))).map(({ sampleId }) => sampleId)).toEqual(ids);
  expect(progress).toEqual([
    { done: 1, total: 65, what: 'completions written' },
    { done: 65, total: 65, what: 'completions written' },
  ]);
});

describe('what is written is not written again when only the record of it is lost', () => {
  const sampling = SamplingConfig.parse({ groupSize: 2, maxNewTokens: 7 });
  type Staged = Awaited<ReturnType<typeof stage>>;

  test.each([
    [
      ['round-00/part-00/rollout.json', 'round-00/part-00/rollout-groups.json'],
      ({ activities, input }: Staged) => activities.rolloutGroups({ ...input, round: 0, part: 0, sampling, seed: 1 }),
    ],
    [
      ['captions/held-out/captions.json', 'captions/held-out/caption-clips.json'],
      ({ activities, input }: Staged) => activities.captionClips({ ...input, list: 'held-out', maxNewTokens: 9 }),
    ],
  ])('%s', async (names, write) => {
    const { store, stored } = failingStore((await temporaryStore()).storage.place, names[1]!);
    const staged = await stage(['a', 'b'], store);
    await expect(write(staged)).rejects.toThrow('EROFS');
    const output = await write(staged);
    expect(stored.filter((key) => key.startsWith('runs/'))).toEqual(names.map((name) => `runs/r/step-000003/${name}`));
    expect(staged.requests).toHaveLength(1);
    expect(await write(staged)).toEqual(output);
  });
});

test('an empty list of clips is refused', async () => {
  const { activities, input } = await stage([]);
  await expect(activities.captionClips({ ...input, list: 'held-out', maxNewTokens: 9 })).rejects.toThrow(
    'The list of clips is empty',
  );
});

test("a model's own weights go into the store once, under their hash", async () => {
  const { activities } = await stage(['a']);
  const policy = { model: 'tiny' };
  const first = await activities.loadPolicy({ runKey: 'r', policy });
  const second = await activities.loadPolicy({ runKey: 'other', policy });
  expect(first.policy).toMatchObject({ model: 'tiny', step: 0 });
  expect(first.policy.weights.uri).toContain(`policies/${first.policy.weights.sha256}/`);
  expect(first.policy).not.toHaveProperty('optimizer');
  expect(second).toEqual(first);
});

describe('the start policy of a run that continues', () => {
  const policy = { model: 'tiny' };

  test.each(['r', 'a fork'])('is restored where the store has its weights damaged: run %s', async (runKey) => {
    const { activities, store } = await stage(['a']);
    const first = await activities.loadPolicy({ runKey: 'r', policy });
    const { weights } = first.policy;
    await truncate(await store.localCopy(weights), 1000);
    expect(await activities.loadPolicy({ runKey, policy, reference: first.policy })).toEqual(first);
    expect(await store.firstDamaged(weights)).toBeUndefined();
  });

  test.each(['r', 'a fork'])('is refused where its model has other weights by now: run %s', async (runKey) => {
    const { activities, store } = await stage(['a']);
    const weights = await store.put('policies/old/model.safetensors', 'weights that the model had');
    const reference = { model: 'tiny', step: 0, weights };
    expect((await activities.loadPolicy({ runKey: 'r', policy, reference })).policy).toEqual(reference);
    await truncate(await store.localCopy(weights), 3);
    await expect(activities.loadPolicy({ runKey, policy, reference })).rejects.toMatchObject({
      code: 'CorruptArtifact',
      message: expect.stringMatching(/start weights .* are damaged, and model tiny has others by now/),
    });
  });
});

test('a model that does not exist is refused with a sentence', async () => {
  const { activities } = await stage(['a']);
  const policy = { model: 'tinny' };
  await expect(activities.loadPolicy({ runKey: 'r', policy })).rejects.toMatchObject({ code: 'InvalidModel' });
});

test('who dies in the middle of a long list loses the part at hand, and no other', async () => {
  const ids = Array.from({ length: 150 }, (_, i) => `clip-${i}`);
  const { store, input } = await stage(ids);
  const { engine } = scriptedEngine();
  const dying = { parts: 0 };
  const generate: Generate = async (request, options) => {
    if (++dying.parts === 2) throw new Error('killed');
    return engine.generate(request, options);
  };
  const sampling = SamplingConfig.parse({ groupSize: 2, maxNewTokens: 7 });
  const activities = createRolloutActivities({ store, engine: { generate, identity } as PolicyEngine });
  await expect(activities.rolloutGroups({ ...input, round: 0, part: 0, sampling, seed: 1 })).rejects.toThrow('killed');
  const { rollout } = await activities.rolloutGroups({ ...input, round: 0, part: 0, sampling, seed: 1 });
  const { groups } = await store.readJson(rollout, Rollout);
  expect(groups.map(({ sampleId }) => sampleId)).toEqual(ids);
  // Three parts, of which the second was begun twice.
  expect(dying.parts).toBe(4);
});

test('servers that answer end the wait of an attempt before, and are noted once', async () => {
  const store = await temporaryStore();
  const { engine } = scriptedEngine();
  const noted: unknown[] = [];
  const generate: Generate = async (request, options) => {
    for (const why of [undefined, undefined, 'It is away', undefined]) options?.onOutage?.(why);
    return engine.generate(request);
  };
  const outage = { since: () => 0, answered: () => noted.push('answered'), failed: (why: string) => noted.push(why) };
  const activities = createRolloutActivities({ store, engine: { ...engine, generate }, outage });
  const weights = await store.put('policies/base/model.safetensors', 'weights');
  await activities.rolloutGroups({
    ...{ runKey: 'r', step: 3, round: 0, part: 0, seed: 1 },
    policy: { model: 'tiny', step: 2, weights },
    engine: { kind: 'onnx', threads: 2 },
    clips: await storeClips(store, ['a']),
    sampling: SamplingConfig.parse({}),
  });
  expect(noted).toEqual(['answered', 'It is away', 'answered']);
});
