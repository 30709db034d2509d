import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRolloutActivities } from '../../activities/rollout.ts';
import { GrpoConfig } from '../../algorithms/grpo.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import type { PinnedFile, PolicyEngine, PolicyFiles, UpdateResult } from '../../core/policy-engine.ts';
import { sha256 } from '../../core/sha256.ts';
import { keyOf } from '../../core/store-layout.ts';
import { createEngine } from '../../policy/engines.ts';
import { readSafetensors } from '../../policy/onnx/model/safetensors.ts';
import { PolicyConfig } from '../../policy/policy-config.ts';
import { DEFAULT_PROMPT } from '../../policy/prompt-config.ts';
import { noisyFrames } from '../integration/policy/onnx/noisy-frames.ts';
import { refusal } from '../refusal.ts';

/** Runs that start from the checkpoint of one that trained otherwise: adapters, or all weights. */
const FULL = { kind: 'torch', dtype: 'float32', freezeVision: false, gradientCheckpointing: false };
const LORA = { ...FULL, lora: { rank: 8, alpha: 16 } };
type Section = typeof FULL;

const clips = [{ sampleId: 'wide', frames: noisyFrames(3, [4, 56, 112]), prompt: DEFAULT_PROMPT }];
let home: string;
let engine: PolicyEngine;
let own: PolicyFiles;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-start-'));
  engine = createEngine('torch');
  own = await engine.startPolicy('tiny');
});
afterAll(async () => {
  await engine.close();
  await rm(home, { recursive: true, force: true });
});

const temporary = () => mkdtemp(join(home, 'own-'));

async function sampled(section: Section, policy: PolicyFiles) {
  const sampling = { temperature: 1, seed: 5, path: ['rollout', 1] };
  const request = { engine: section, policy, clips, groupSize: 4, maxNewTokens: 24, sampling };
  const [group] = await engine.generate(request);
  return group!.completions;
}

/** One update on the policy's own completions. */
async function updated(section: Section, policy: PolicyFiles, reference: PolicyFiles): Promise<PolicyFiles> {
  const completions = (await sampled(section, policy)).map(({ tokenIds, logProbs }, c) => ({
    ...{ tokenIds, logProbs, advantage: c - 1.5 },
  }));
  const { weights, optimizer } = (await engine.update({
    ...{ engine: section, policy, reference, step: 1, folder: await temporary(), loss: 'grpo' },
    algorithm: GrpoConfig.parse({ optimizer: { learningRate: 2e-3, warmupSteps: 0 } }),
    batch: { learnsFrom: 'completions', groups: [{ ...clips[0]!, completions }], temperature: 1, maxLength: 24 },
  })) as UpdateResult<PinnedFile>;
  return { model: policy.model, weights, optimizer };
}

const tokensOf = (completions: Awaited<ReturnType<typeof sampled>>) => completions.map(({ tokenIds }) => tokenIds);

describe('adapters of weights that another run has trained', () => {
  let start: PolicyFiles;
  let adapted: PolicyFiles;
  beforeAll(async () => {
    const { model, weights } = await updated(FULL, own, own);
    start = { model, weights };
    adapted = await updated(LORA, start, start);
  });

  test('begin at them, and belong to them', async () => {
    expect(tokensOf(await sampled(LORA, start))).toEqual(tokensOf(await sampled(FULL, start)));
    expect(await engine.baseOf!(adapted.weights)).toBe(start.weights.sha256);
    expect(await engine.baseOf!(start.weights)).toBeUndefined();
  });

  test('are sampled and trained with them, and with no others', async () => {
    const policy = { ...adapted, base: start.weights };
    const before = tokensOf(await sampled(LORA, start));
    expect(tokensOf(await sampled(LORA, policy))).not.toEqual(before);
    const next = await updated(LORA, policy, start);
    expect(await engine.baseOf!(next.weights)).toBe(start.weights.sha256);
    await expect(sampled(LORA, adapted)).rejects.toEqual(refusal('CorruptArtifact', start.weights.sha256));
  });

  test('are exported beside them', async () => {
    const folder = await temporary();
    await engine.exportModel({ ...adapted, base: start.weights }, folder, { runKey: 'mine', step: 1 });
    expect(await engine.exportedWeights(folder)).toBe(adapted.weights.sha256);
    const config = JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ base_model_name_or_path: './base', r: 8 });
    expect(sha256(await readFile(join(folder, 'base', 'model.safetensors')))).toBe(start.weights.sha256);
  });
});

describe('all weights, from adapters', () => {
  let adapted: PolicyFiles;
  beforeAll(async () => {
    adapted = await updated(LORA, own, own);
  });

  test('are those of the model with the adapter added', async () => {
    const merged = await engine.merged!(adapted, FULL, await temporary());
    const policy = { model: own.model, weights: merged! };
    const [whole, apart] = [await sampled(FULL, policy), await sampled(LORA, adapted)];
    expect(tokensOf(whole)).toEqual(tokensOf(apart));
    const read = async ({ path }: PinnedFile) => readSafetensors(await readFile(path), 'weights').tensors;
    const [now, before, adapter] = await Promise.all([merged!, own.weights, adapted.weights].map(read));
    const name = 'layers.0.self_attn.v_proj';
    const half = (letter: string) => [...adapter!].find(([key]) => key.includes(`${name}.lora_${letter}`))![1];
    const [a, b] = [half('A'), half('B')];
    const { shape, data } = now!.get(`model.${name}.weight`)!;
    const [, columns] = shape as [number, number];
    const [row, column] = [3, 5];
    let sum = 0;
    for (let k = 0; k < 8; k++) sum += b.data[row * 8 + k]! * a.data[k * columns + column]!;
    const base = before!.get(`model.${name}.weight`)!.data[row * columns + column]!;
    expect(data[row * columns + column]).toBeCloseTo(base + (16 / 8) * sum, 6);
    expect(Math.abs(sum)).toBeGreaterThan(0);
  });

  test('are made for a run that trains all weights alone, and are its start', async () => {
    const store = new ArtifactStore(join(home, 'store'));
    const { sha256: hash } = adapted.weights;
    const weights = await store.putFile(keyOf('startWeights', { hash }), adapted.weights);
    const { loadPolicy } = createRolloutActivities({ store, engine });
    const load = (runKey: string, section: object) =>
      loadPolicy({
        runKey,
        policy: PolicyConfig.parse({ model: 'run:other@1', engine: section }),
        reference: { model: own.model, step: 0, weights },
      });
    expect((await load('adapters', LORA)).policy.weights.sha256).toBe(hash);
    const { policy } = await load('whole', FULL);
    expect(policy.weights.sha256).not.toBe(hash);
    const files = { path: await store.localCopy(policy.weights), sha256: policy.weights.sha256 };
    expect(await engine.baseOf!(files)).toBeUndefined();
    const start = { model: own.model, weights: files };
    expect((await updated(FULL, start, start)).weights.sha256).not.toBe(files.sha256);
  });
});
