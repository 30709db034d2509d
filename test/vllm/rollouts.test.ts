import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRecipe } from '../../activities/policy-files.ts';
import { GrpoConfig } from '../../algorithms/grpo.ts';
import type {
  GenerateOptions,
  GenerateRequest,
  PinnedFile,
  PolicyEngine,
  PolicyFiles,
  SampledGroup,
  UpdateResult,
} from '../../core/policy-engine.ts';
import { sha256 } from '../../core/sha256.ts';
import { createEngine } from '../../policy/engines.ts';
import { modelPath } from '../../policy/model/model-path.ts';
import { type FloatTensors, readSafetensors, writeSafetensors } from '../../policy/onnx/model/safetensors.ts';
import { DEFAULT_PROMPT } from '../../policy/prompt-config.ts';
import { noisyFrames } from '../integration/policy/onnx/noisy-frames.ts';
import { refusal } from '../refusal.ts';
import { playedRun } from '../torch/played-run.ts';
import { RealVllm } from './real-server.ts';
import { trainingRunTests } from './training-run.ts';
import { untiedModel } from './untied-model.ts';

/** Rollouts by real servers of vLLM on the CPU: one with adapters, one that is given whole weights. */
const LORA = { rank: 8, alpha: 16 };
/** Largest difference between the log-probabilities of server and ranks: two libraries in float32. */
const PARITY = 1e-4;

let home: string;
let engine: PolicyEngine;
let adapters: RealVllm;
let whole: RealVllm;
const allowed: string[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-vllm-'));
  engine = createEngine('torch', { home, allowedServers: async () => ({ servers: allowed, path: 'allowed.yaml' }) });
  const untied = await untiedModel(join(home, 'untied'));
  [adapters, whole] = await Promise.all([
    RealVllm.start(modelPath('tiny'), { lora: LORA }),
    RealVllm.start(untied, {}),
  ]);
  allowed.push(adapters.url, whole.url);
}, 960_000);
afterAll(async () => {
  await Promise.all([adapters?.kill(), whole?.kill(), engine?.close()]);
  await rm(home, { recursive: true, force: true });
});

/** Text comes after the video. By default vLLM drops frames after the 32nd. */
const clips = [
  { sampleId: 'square', frames: noisyFrames(1, [8, 84, 84]), prompt: DEFAULT_PROMPT },
  { sampleId: 'wide', frames: noisyFrames(3, [6, 56, 140]), prompt: DEFAULT_PROMPT },
  { sampleId: 'long', frames: noisyFrames(4, [36, 56, 84]), prompt: DEFAULT_PROMPT },
];

/** A policy that trains on what a server samples. */
class Run {
  readonly section;
  readonly model: string;
  #step = 0;

  constructor(server: RealVllm, model: string, lora?: typeof LORA) {
    const rollout = { kind: 'vllm', servers: [server.url], importanceCap: 2 };
    this.section = { kind: 'torch', dtype: 'float32', gradientCheckpointing: false, ...(lora && { lora }), rollout };
    this.model = model;
  }

  async start(): Promise<PolicyFiles> {
    return { ...(await engine.startPolicy(this.model)), model: this.model };
  }

  sample(policy: PolicyFiles, more: object = {}, options?: GenerateOptions): Promise<SampledGroup[]> {
    const sampling = { temperature: 1.3, seed: 5, path: ['rollout', 1] };
    const request = { engine: this.section, policy, clips, groupSize: 4, maxNewTokens: 40, sampling, ...more };
    return engine.generate(request as GenerateRequest, options);
  }

  /** One update on completions of a server. */
  async update(policy: PolicyFiles, sampled: SampledGroup[]): Promise<{ policy: PolicyFiles; mismatch: number }> {
    const folder = await mkdtemp(join(home, 'step-'));
    const groups = sampled.map(({ completions }, g) => ({
      ...clips[g]!,
      completions: completions.map(({ tokenIds, logProbs }, c) => ({ tokenIds, logProbs, advantage: c - 1.5 })),
    }));
    const { weights, optimizer, metrics } = (await engine.update({
      ...{ engine: this.section, policy, reference: await this.start(), step: ++this.#step, folder, loss: 'grpo' },
      algorithm: GrpoConfig.parse({ optimizer: { learningRate: 2e-3, warmupSteps: 0 } }),
      batch: { learnsFrom: 'completions', groups, temperature: 1.3, maxLength: 40 },
    })) as UpdateResult<PinnedFile>;
    return { policy: { model: this.model, weights, optimizer }, mismatch: metrics.samplingMismatch! };
  }
}

const idsOf = (groups: SampledGroup[]) => groups.map(({ completions }) => completions.map(({ tokenIds }) => tokenIds));

/** Largest difference between the server's log-probabilities and those of the ranks. */
async function apart(run: Run, policy: PolicyFiles): Promise<number> {
  // A filter that leaves all tokens: the ranks then score what the server sampled.
  const filters = { topK: 0, topP: 1, minP: 1e-9, repetitionPenalty: 1 };
  const groups = await run.sample(policy, { filters });
  const differences = groups.flatMap(({ completions }) =>
    completions.flatMap(({ logProbs, policyLogProbs }) =>
      logProbs.map((one, i) => Math.abs(one - policyLogProbs![i]!)),
    ),
  );
  return Math.max(...differences);
}

describe('adapters', () => {
  let run: Run;
  let base: PolicyFiles;
  const steps: { policy: PolicyFiles; mismatch: number }[] = [];
  beforeAll(async () => {
    run = new Run(adapters, 'tiny', LORA);
    base = await run.start();
  });

  test('the server samples the policy that the ranks compute, and the same again', async () => {
    const groups = await run.sample(base);
    expect(idsOf(await run.sample(base))).toEqual(idsOf(groups));
    expect(new Set(groups.flatMap(({ completions }) => completions.map(({ text }) => text))).size).toBe(12);
    expect(await apart(run, base)).toBeLessThan(PARITY);
  });

  test('steps of training, each sampled from the adapter before it', async () => {
    let policy = base;
    for (let i = 0; i < 2; i++) {
      const step = await run.update(policy, await run.sample(policy));
      steps.push(step);
      policy = step.policy;
      expect(step.mismatch).toBeLessThan(PARITY);
      expect(await apart(run, policy)).toBeLessThan(PARITY);
    }
    expect(idsOf(await run.sample(policy))).not.toEqual(idsOf(await run.sample(base)));
  });

  test('a benchmark takes the likeliest tokens, as a filter does that leaves no other', async () => {
    const { policy } = steps[1]!;
    const likeliest = await run.sample(policy, { sampling: undefined, groupSize: 1 });
    const filters = { topK: 1, topP: 0.9, minP: 0.2, repetitionPenalty: 1 };
    expect(idsOf(await run.sample(policy, { groupSize: 1, filters }))).toEqual(idsOf(likeliest));
  });

  /** Gives the server an adapter under the name of another, which it has. */
  async function loadAs(name: string, of: PolicyFiles, change: (tensors: FloatTensors) => FloatTensors) {
    const folder = await mkdtemp(join(home, 'wrong-'));
    await copyFile(join(home, 'hand-over', name, 'adapter_config.json'), join(folder, 'adapter_config.json'));
    const { tensors } = readSafetensors(await readFile(of.weights.path), 'an adapter');
    await writeFile(join(folder, 'adapter_model.safetensors'), writeSafetensors(change(tensors)));
    await adapters.post('/v1/unload_lora_adapter', { lora_name: name });
    await adapters.post('/v1/load_lora_adapter', { lora_name: name, lora_path: folder });
  }

  test.each([
    ['an adapter with one layer swapped', { isStale: false }],
    ['a stale adapter', { isStale: true }],
  ])('%s is refused', async (name, { isStale }) => {
    const { policy: before } = steps[1]!;
    const { policy } = await run.update(before, await run.sample(before, { sampling: seeded(name) }));
    const { sha256: hash } = policy.weights;
    await run.sample(policy);
    const swap = (tensors: FloatTensors) => swapped(tensors, 'layers.0.self_attn.v_proj', 'layers.1.self_attn.v_proj');
    await (isStale ? loadAs(hash, before, (tensors) => tensors) : loadAs(hash, policy, swap));
    await expect(run.sample(policy)).rejects.toEqual(refusal('RolloutRefused', hash.slice(0, 12), adapters.url));
  });

  test('another base model than the server has is refused', async () => {
    const other = new Run(adapters, await untiedModel(join(home, 'other'), { noise: 0.01 }), LORA);
    await expect(other.sample(await other.start())).rejects.toEqual(
      refusal('RolloutRefused', adapters.url, 'base model'),
    );
  });
});

describe('a training run', () =>
  trainingRunTests(() => ({
    urls: [adapters.url],
    kill: () => adapters.kill(),
    start: async () => {
      adapters = await RealVllm.start(modelPath('tiny'), { lora: LORA, port: adapters.port });
    },
  })));

describe('whole weights', () => {
  let run: Run;
  let policy: PolicyFiles;

  test('are reloaded after each step, and sampled as the ranks compute them', async () => {
    run = new Run(whole, join(home, 'untied'));
    policy = await run.start();
    const before = await run.sample(policy);
    expect(await apart(run, policy)).toBeLessThan(PARITY);
    for (let i = 0; i < 2; i++) {
      const step = await run.update(policy, await run.sample(policy));
      policy = step.policy;
      expect(step.mismatch).toBeLessThan(PARITY);
      expect(await apart(run, policy)).toBeLessThan(PARITY);
    }
    expect(idsOf(await run.sample(policy))).not.toEqual(idsOf(before));
  });

  test('weights that ranks hold in memory alone are written for the server, and no update is made again', async () => {
    const made: string[] = [];
    const played = await playedRun(engine, {
      model: run.model,
      section: { ...run.section, checkpointEvery: 4 },
      onProgress: ({ what }) => made.push(what),
    });
    const policies = await played.steps(1, 3, played.start);
    expect(policies.map(isRecipe)).toEqual([true, true, true]);
    expect(made.filter((what) => what.includes('again'))).toEqual([]);
  });

  test('a server that has other weights under the name of the policy is refused', async () => {
    const { policy: next } = await run.update(policy, await run.sample(policy));
    await whole.post('/update_weight_version', { new_version: next.weights.sha256 });
    await expect(run.sample(next)).rejects.toEqual(
      refusal('RolloutRefused', next.weights.sha256.slice(0, 12), whole.url),
    );
  });
});

const seeded = (name: string) => ({ temperature: 1.3, seed: Number.parseInt(sha256(name).slice(0, 6), 16), path: [] });

/** Tensors of two layers in each other's place. */
function swapped(tensors: FloatTensors, one: string, other: string): FloatTensors {
  const nameOf = (name: string) => (name.includes(one) ? name.replace(one, other) : name.replace(other, one));
  return new Map([...tensors].map(([name]) => [name, tensors.get(nameOf(name))!]));
}
