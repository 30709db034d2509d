import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GrpoConfig } from '../../algorithms/grpo.ts';
import type { GenerateRequest, PinnedFile, PolicyEngine, PolicyFiles, UpdateResult } from '../../core/policy-engine.ts';
import { createEngine } from '../../policy/engines.ts';
import { DEFAULT_PROMPT } from '../../policy/prompt-config.ts';
import { torchEnvironment } from '../../policy/torch/torch-environment.ts';
import { noisyFrames } from '../integration/policy/onnx/noisy-frames.ts';
import { RealVllm } from './real-server.ts';

/** Families whose prompts have the times of frames: one is given adapters, the other whole weights. */
const CASES = [
  { family: 'qwen2_5_vl', unit: 28, lora: { rank: 8, alpha: 16 } },
  { family: 'qwen3_vl', unit: 32, lora: undefined },
];
/**
 * Largest difference between the log-probabilities of server and ranks: two libraries in float32. Other times of the
 * frames move those of the small Qwen2.5-VL by 6e-5: a server that took no times must not pass.
 */
const PARITY = 5e-6;

/** A small model with random weights, as the tests of the ranks have it. */
async function writeModel(family: string, folder: string): Promise<void> {
  const { python, packageFolder } = torchEnvironment();
  const tests = fileURLToPath(new URL('../../workers/torch/tests/engine', import.meta.url));
  await mkdir(folder);
  const env = { ...process.env, PYTHONPATH: `${packageFolder}:${tests}` };
  await promisify(execFile)(python, [join(tests, 'tiny_families.py'), family, folder], { env });
}

describe.each(CASES)('$family', ({ family, unit, lora }) => {
  let home: string;
  let engine: PolicyEngine;
  let server: RealVllm;
  let section: { kind: string };
  let policy: PolicyFiles;
  const algorithm = GrpoConfig.parse({ optimizer: { learningRate: 2e-3, warmupSteps: 0 } });

  /** Five slices, the last of which has its frame twice, of a grid that is not square. Text follows the video. */
  const clips = (between: number) => [
    shown('wide', [9, 2 * unit, 3 * unit], between),
    shown('high', [10, 3 * unit, 2 * unit], between / 2),
  ];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'videocap-families-'));
    const model = join(home, 'model');
    await writeModel(family, model);
    server = await RealVllm.start(model, lora ? { lora } : {});
    engine = createEngine('torch', { home, allowedServers: async () => ({ servers: [server.url], path: '' }) });
    const rollout = { kind: 'vllm', servers: [server.url] };
    const fields = { dtype: 'float32', gradientCheckpointing: false, freezeVision: false, rollout };
    section = { kind: 'torch', ...fields, ...(lora && { lora }) };
    policy = { ...(await engine.startPolicy(model)), model };
  }, 600_000);
  afterAll(async () => {
    await Promise.all([server?.kill(), engine?.close()]);
    await rm(home, { recursive: true, force: true });
  });

  function sample(of: PolicyFiles, between = 0.7) {
    // A filter that leaves all tokens: the ranks then score what the server sampled.
    const filters = { topK: 0, topP: 1, minP: 1e-9, repetitionPenalty: 1 };
    const sampling = { temperature: 1.3, seed: 5, path: ['rollout', 1] };
    const request = { engine: section, policy: of, clips: clips(between), groupSize: 4, maxNewTokens: 24 };
    return engine.generate({ ...request, sampling, filters } as GenerateRequest);
  }

  function apart(groups: Awaited<ReturnType<typeof sample>>): number {
    const completions = groups.flatMap((group) => group.completions);
    const found = completions.flatMap(({ logProbs, policyLogProbs }) =>
      logProbs.map((one, i) => Math.abs(one - policyLogProbs![i]!)),
    );
    return Math.max(...found);
  }

  test('the server samples what the ranks compute, whatever the times of the frames', async () => {
    const groups = await sample(policy);
    const fast = await sample(policy, 0.31);
    console.log(`${family}: log-probabilities differ by at most ${apart(groups)} and ${apart(fast)}`);
    expect(apart(groups)).toBeLessThan(PARITY);
    expect(apart(fast)).toBeLessThan(PARITY);
    // The first token of each completion, which follows the prompt alone.
    const first = (of: typeof groups) => of.flatMap(({ completions }) => completions.map((one) => one.logProbs[0]!));
    const moved = first(groups).map((one, i) => Math.abs(one - first(fast)[i]!));
    expect(Math.max(...moved)).toBeGreaterThan(5 * PARITY);
  }, 600_000);

  test('an update is handed over, and sampled', async () => {
    const sampled = await sample(policy);
    const groups = clips(0.7).map((clip, g) => ({
      ...clip,
      completions: sampled[g]!.completions.map(({ tokenIds, logProbs }, c) => ({
        ...{ tokenIds, logProbs, advantage: c - 1.5 },
      })),
    }));
    const { weights, optimizer, metrics } = (await engine.update({
      ...{ engine: section, policy, reference: policy, step: 1, folder: await mkdtemp(join(home, 'step-')) },
      ...{ loss: 'grpo', algorithm },
      batch: { learnsFrom: 'completions', groups, temperature: 1.3, maxLength: 24 },
    })) as UpdateResult<PinnedFile>;
    expect(metrics.samplingMismatch).toBeLessThan(PARITY);
    const next = await sample({ model: policy.model, weights, optimizer });
    console.log(`${family}: after an update by at most ${apart(next)}`);
    expect(apart(next)).toBeLessThan(PARITY);
    expect(next).not.toEqual(sampled);
  }, 600_000);
});

function shown(sampleId: string, shape: [number, number, number], between: number) {
  const frames = noisyFrames(shape[0], shape);
  return {
    sampleId,
    frames: { ...frames, times: Array.from({ length: shape[0] }, (_, i) => i * between) },
    prompt: DEFAULT_PROMPT,
  };
}
