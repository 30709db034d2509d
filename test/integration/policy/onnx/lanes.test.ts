import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { GrpoConfig } from '../../../../algorithms/grpo.ts';
import { SftConfig } from '../../../../algorithms/sft.ts';
import type { ComputeOptions, Progress } from '../../../../core/compute-options.ts';
import type { SampledGroup } from '../../../../core/policy-engine.ts';
import { OnnxEngine } from '../../../../policy/onnx/engine/onnx-engine.ts';
import { LanedModel } from '../../../../policy/onnx/lanes/laned-model.ts';
import { Lanes } from '../../../../policy/onnx/lanes/lanes.ts';
import { PolicyModel } from '../../../../policy/onnx/model/model.ts';
import { freshOptimizer, readWeights, type Weights, weightsOf } from '../../../../policy/onnx/model/weights.ts';
import { generate } from '../../../../policy/onnx/sampling/generate.ts';
import { writeCheckpoint } from '../../../../policy/onnx/training/checkpoint.ts';
import { grpoUpdate } from '../../../../policy/onnx/training/grpo-update.ts';
import type { TrainedSession } from '../../../../policy/onnx/training/optimizer-session.ts';
import { sftUpdate } from '../../../../policy/onnx/training/sft-update.ts';
import { DEFAULT_PROMPT } from '../../../../policy/prompt-config.ts';
import { noisyFrames } from './noisy-frames.ts';

const laned = new LanedModel('tiny', 2);
/** As each of the two lanes has it. */
const alone = new PolicyModel('tiny', 1);
let weights: Weights;
let reference: Weights;
beforeAll(async () => {
  const bytes = await readFile(join(laned.folder.path, 'model.safetensors'));
  [weights, reference] = [bytes, bytes].map((each) => weightsOf(readWeights(each, laned.folder))) as [Weights, Weights];
});
const inLanes = { generate: vi.spyOn(Lanes.prototype, 'generate'), runEach: vi.spyOn(Lanes.prototype, 'runEach') };
afterEach(() => vi.clearAllMocks());
afterAll(async () => {
  await laned.dispose();
  await alone.dispose();
});

const [small, wide] = [[8, 56, 56] as const, [4, 56, 112] as const];
/** Of two shapes in turns: 4 of one, 2 of the other. */
const clips = [small, wide, small, small, wide, small].map((shape, i) => ({
  sampleId: `s${i}`,
  frames: noisyFrames(i, [...shape]),
  prompt: DEFAULT_PROMPT,
}));
const sampling = { temperature: 1, seed: 3, path: ['rollout', 1] };
const options = { clips, groupSize: 8, maxNewTokens: 44, sampling };
const quiet: ComputeOptions = { progress: () => undefined, throwIfCancelled: () => undefined };

const LENGTH = 24;
/** Texts of one length, so that micro-batches are of about one size. */
function batchOf(groups: readonly SampledGroup[]) {
  const repeated = <T>(values: readonly T[]) => Array.from({ length: LENGTH }, (_, t) => values[t % values.length]!);
  const learnt = groups.slice(0, 4).map(({ completions }, i) => ({
    ...clips[i]!,
    completions: Array.from({ length: 24 }, (_, c) => ({
      tokenIds: repeated(completions[c % 8]!.tokenIds),
      logProbs: repeated(completions[c % 8]!.logProbs),
      advantage: c - 11.5,
    })),
  }));
  return { learnsFrom: 'completions', groups: learnt, temperature: 1, maxLength: LENGTH } as const;
}

/** Comparing millions of numbers one by one takes longer than computing them. */
function digestOf({ weights: { tensors }, state, metrics }: TrainedSession) {
  const { weights: file, optimizer } = writeCheckpoint(tensors, state);
  return { metrics, weights: file.sha256, optimizer: optimizer.sha256 };
}

test('two lanes sample what one session does, bit for bit, in the order of the clips', async () => {
  const progress: Progress[] = [];
  const found = await laned.generate(weights, options, { ...quiet, progress: (each) => progress.push(each) });
  expect(found).toEqual(await generate(alone, weights, options, quiet));
  expect(inLanes.generate).toHaveBeenCalledOnce();
  expect(progress.at(-1)).toMatchObject({ done: 48, total: 48 });
  const done = progress.map((each) => each.done);
  expect(done).toEqual([...done].sort((a, b) => a - b));
});

test('two lanes make the update that one session makes, bit for bit', async () => {
  const batch = batchOf(await laned.generate(weights, options, quiet));
  const config = GrpoConfig.parse({ kind: 'grpo', iterations: 2 });
  const step = () => ({
    session: { weights, state: freshOptimizer(laned.folder) },
    reference: async () => reference,
    ...{ batch, step: 1, config },
  });
  const runs: number[] = [];
  const counted: ComputeOptions = { ...quiet, progress: ({ done }) => runs.push(done) };
  const [found, expected] = [await grpoUpdate.run(laned, step(), counted), await grpoUpdate.run(alone, step(), quiet)];
  expect(digestOf(found)).toEqual(digestOf(expected));
  expect(inLanes.runEach.mock.calls.map(([graph]) => graph)).toEqual(['logprobs', 'grpo-gradients', 'grpo-gradients']);
  expect(runs).toEqual([...runs.keys()]);
});

test('SFT too', async () => {
  const text = 'A red square moves to the left while a blue circle grows. '.repeat(8);
  const samples = Array.from({ length: 24 }, (_, i) => ({ ...clips[i % 6]!, sampleId: `t${i}`, text }));
  const batch = { learnsFrom: 'references', samples } as const;
  const config = SftConfig.parse({ kind: 'sft' });
  const session = { weights, state: freshOptimizer(laned.folder) };
  const step = { session, reference: async () => reference, ...{ batch, step: 1, config } };
  const [found, expected] = [await sftUpdate.run(laned, step, quiet), await sftUpdate.run(alone, step, quiet)];
  expect(inLanes.runEach).toHaveBeenCalledOnce();
  expect(digestOf(found)).toEqual(digestOf(expected));
});

test('lanes stop where the caller has cancelled, and start again', async () => {
  let left = 20;
  const reason = new DOMException('The caller no longer waits for this.', 'AbortError');
  const throwIfCancelled = () => {
    if (--left < 0) throw reason;
  };
  await expect(laned.generate(weights, options, { ...quiet, throwIfCancelled })).rejects.toBe(reason);
  expect(await laned.generate(weights, options, quiet)).toEqual(await generate(alone, weights, options, quiet));
});

test('an engine that is closed waits for what its lanes compute', async () => {
  const engine = new OnnxEngine();
  const policy = await engine.startPolicy('tiny');
  const request = { ...options, engine: { kind: 'onnx', threads: 2 }, policy };
  const { sampled } = await new Promise<{ sampled: Promise<unknown> }>((resolve) => {
    const sampled = engine.generate(request, { onProgress: () => resolve({ sampled }) });
    sampled.catch(() => undefined);
  });
  // A thread that is ended inside native code ends this process.
  await engine.close();
  await expect(sampled).rejects.toMatchObject({ code: 'Unavailable' });
});

test('a graph that no lane can run fails once, and lanes start again', async () => {
  const run = { begun: () => undefined, feeds: () => ({}), tokens: 2000, bytes: 1 };
  const outputs = laned.runEach('no-such-graph', weights, [run, run, run], () => ({}));
  await expect(outputs.next()).rejects.toMatchObject({ code: 'InvalidModel' });
  expect(await laned.generate(weights, options, quiet)).toEqual(await generate(alone, weights, options, quiet));
});

test('what a lane cannot compute fails as it does alone, and leaves nothing behind', async () => {
  const broken = new Map(weights.tensors);
  const { shape, data } = broken.get('model.norm.weight')!;
  broken.set('model.norm.weight', { shape, data: new Float32Array(data.length).fill(Number.NaN) });
  const failure = await laned.generate(weightsOf(broken), options, quiet).catch((error) => error);
  expect(failure).toMatchObject({ code: 'Diverged', message: expect.stringMatching(/^Sample s\d: /) });
  expect(await laned.generate(weights, options, quiet)).toEqual(await generate(alone, weights, options, quiet));
});
