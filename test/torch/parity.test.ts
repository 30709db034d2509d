import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { GrpoConfig } from '../../algorithms/grpo.ts';
import { SftConfig } from '../../algorithms/sft.ts';
import type {
  CompletionBatch,
  NewFile,
  PolicyEngine,
  PolicyFiles,
  ReferenceBatch,
  UpdateRequest,
  UpdateResult,
} from '../../core/policy-engine.ts';
import { sha256 } from '../../core/sha256.ts';
import { createEngine } from '../../policy/engines.ts';
import { modelPath } from '../../policy/model/model-path.ts';
import { type FloatTensors, readSafetensors } from '../../policy/onnx/model/safetensors.ts';
import { DEFAULT_PROMPT } from '../../policy/prompt-config.ts';
import { noisyFrames } from '../integration/policy/onnx/noisy-frames.ts';

const SECTIONS = {
  onnx: { kind: 'onnx', threads: 1 },
  torch: { kind: 'torch', dtype: 'float32', freezeVision: false, gradientCheckpointing: false },
};
const engines = { onnx: createEngine('onnx'), torch: createEngine('torch') };
type Kind = keyof typeof engines;

const clips = [
  { sampleId: 'square', frames: noisyFrames(1, [8, 84, 84]), prompt: DEFAULT_PROMPT },
  { sampleId: 'wide', frames: noisyFrames(3, [4, 56, 112]), prompt: DEFAULT_PROMPT },
];
let policy: PolicyFiles;
beforeAll(async () => {
  const path = join(modelPath('tiny'), 'model.safetensors');
  policy = { model: 'tiny', weights: { path, sha256: sha256(await readFile(path)) } };
});
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.close())));

const sampled = (kind: Kind) =>
  engines[kind].generate({
    ...{ engine: SECTIONS[kind], policy, clips, groupSize: 4, maxNewTokens: 40 },
    sampling: { temperature: 1, seed: 5, path: ['rollout', 1] },
  });

/** The update of one stored batch by an engine. */
async function updated(kind: Kind, request: Pick<UpdateRequest, 'loss' | 'algorithm' | 'batch'>) {
  const engine: PolicyEngine = engines[kind];
  const folder = await mkdtemp(join(tmpdir(), 'videocap-parity-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const section = { engine: SECTIONS[kind], policy, reference: policy, step: 1, folder };
  const result = await engine.update({ ...request, ...section });
  const { weights, optimizer, metrics } = result as UpdateResult;
  return { weights: await tensorsIn(weights), moments: await tensorsIn(optimizer), metrics };
}

async function tensorsIn(file: NewFile): Promise<FloatTensors> {
  return readSafetensors('path' in file ? await readFile(file.path) : file.bytes, 'a checkpoint').tensors;
}

/** The largest difference of a tensor's entries, over the largest entry. */
function apart(a: FloatTensors, b: FloatTensors, prefix: string): number {
  let most = 0;
  for (const [name, { data }] of a) {
    if (!name.startsWith(prefix)) continue;
    const other = b.get(name)!.data;
    const scale = data.reduce((max, value) => Math.max(max, Math.abs(value)), 0) || 1;
    most = Math.max(most, data.reduce((max, value, i) => Math.max(max, Math.abs(value - other[i]!)), 0) / scale);
  }
  return most;
}

test('both engines sample the same completions', async () => {
  const [onnx, torch] = await Promise.all([sampled('onnx'), sampled('torch')]);
  for (const [g, { sampleId, completions }] of onnx.entries()) {
    expect(torch[g]!.sampleId).toBe(sampleId);
    for (const [c, { tokenIds, logProbs, text, truncated }] of completions.entries()) {
      const other = torch[g]!.completions[c]!;
      expect(other).toMatchObject({ tokenIds, text, truncated });
      for (const [t, value] of logProbs.entries()) expect(Math.abs(other.logProbs[t]! - value)).toBeLessThan(1e-4);
    }
  }
});

test('a stored rollout is the same update in both: log-probabilities, loss, gradients, weights', async () => {
  const groups = (await sampled('onnx')).map(({ completions }, g) => ({
    ...clips[g]!,
    completions: completions.map(({ tokenIds, logProbs }, c) => ({
      ...{ tokenIds, logProbs },
      advantage: g === 0 && c === 1 ? null : c - 1.5,
    })),
  }));
  const batch: CompletionBatch = { learnsFrom: 'completions', groups, temperature: 1, maxLength: 40 };
  const algorithm = GrpoConfig.parse({ iterations: 2, optimizer: { learningRate: 1e-5 } });
  const request = { loss: 'grpo', algorithm, batch };
  const [onnx, torch] = [await updated('onnx', request), await updated('torch', request)];
  expect(Object.keys(torch.metrics).sort()).toEqual(Object.keys(onnx.metrics).sort());
  expect(torch.metrics.samplingMismatch).toBeLessThan(1e-4);
  for (const [name, value] of Object.entries(onnx.metrics)) expect(torch.metrics[name], name).toBeCloseTo(value, 4);
  expect(apart(onnx.moments, torch.moments, 'm.')).toBeLessThan(1e-4);
  expect(apart(onnx.weights, torch.weights, '')).toBeLessThan(1e-4);
});

test('so is an update of completions that an earlier policy sampled', async () => {
  const groups = (await sampled('onnx')).map(({ completions }, g) => ({
    ...clips[g]!,
    // Tokens were likelier by 5 or 25 per cent under that policy: the ratios of the latter are clipped.
    completions: completions.map(({ tokenIds, logProbs }, c) => ({
      ...{ tokenIds, advantage: c - 1.5 },
      logProbs: logProbs.map((logProb) => logProb + (c % 2 === 0 ? 0.05 : 0.25)),
    })),
  }));
  const batch: CompletionBatch = { learnsFrom: 'completions', groups, temperature: 1, maxLength: 40 };
  const algorithm = GrpoConfig.parse({ rolloutLag: 1, optimizer: { learningRate: 1e-5 } });
  const request = { loss: 'grpo', algorithm, batch };
  const [onnx, torch] = [await updated('onnx', request), await updated('torch', request)];
  expect(onnx.metrics.clipFraction).toBeGreaterThan(0);
  for (const [name, value] of Object.entries(onnx.metrics)) expect(torch.metrics[name], name).toBeCloseTo(value, 4);
  expect(apart(onnx.moments, torch.moments, 'm.')).toBeLessThan(1e-4);
});

test('so is a step of supervised fine-tuning', async () => {
  const samples = clips.map((clip, i) => ({ ...clip, text: `<answer>A red square moves ${i}.</answer>` }));
  const batch: ReferenceBatch = { learnsFrom: 'references', samples };
  const algorithm = SftConfig.parse({ kind: 'sft', optimizer: { learningRate: 1e-5 } });
  const request = { loss: 'sft', algorithm, batch };
  const [onnx, torch] = [await updated('onnx', request), await updated('torch', request)];
  expect(torch.metrics.loss).toBeCloseTo(onnx.metrics.loss!, 5);
  expect(apart(onnx.moments, torch.moments, 'm.')).toBeLessThan(1e-4);
  expect(apart(onnx.weights, torch.weights, '')).toBeLessThan(1e-4);
});
