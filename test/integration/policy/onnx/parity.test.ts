import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../../../core/artifact-store.ts';
import type { Frames } from '../../../../core/sample.ts';
import { type Feeds, floats, scalar, tensorFeeds } from '../../../../policy/onnx/model/feeds.ts';
import { PolicyModel } from '../../../../policy/onnx/model/model.ts';
import { positionIds, visionTables } from '../../../../policy/onnx/model/rope.ts';
import { type FloatTensors, writeSafetensors } from '../../../../policy/onnx/model/safetensors.ts';
import { pixelValues } from '../../../../policy/onnx/model/video-processor.ts';
import { freshOptimizer, readWeights, weightsOf } from '../../../../policy/onnx/model/weights.ts';
import { generate } from '../../../../policy/onnx/sampling/generate.ts';
import { adamwStep } from '../../../../policy/onnx/training/optimizer.ts';
import { DEFAULT_PROMPT } from '../../../../policy/prompt-config.ts';
import { arraysOf, type FixtureTensor, type LossName, parity, type Sampled, trl } from './fixtures.ts';

/** The engine computes what torch computes, which in turn computes what transformers does (`npm run test:torch`). */

const model = new PolicyModel('tiny', 2);
const bytes = readFileSync(join(model.folder.path, 'model.safetensors'));
const weights = weightsOf(readWeights(bytes, model.folder));
const { adamw: adamwSettings } = parity.settings;
const losses = Object.entries(model.folder.graphs).flatMap(([graph, { loss }]) => (loss ? [{ graph, loss }] : []));
afterAll(() => model.dispose());

/** Largest difference of two rows of numbers. */
function furthest(found: ArrayLike<number>, expected: ArrayLike<number | bigint>): number {
  expect(found.length).toBe(expected.length);
  let most = 0;
  for (let i = 0; i < found.length; i++) most = Math.max(most, Math.abs(found[i]! - Number(expected[i]!)));
  return most;
}

/** Relative error of a tensor of which norm and some entries are known. Below `floor` a tensor is rounding only. */
function error(found: Float32Array, { norm, index, value }: Sampled, floor = 0): number {
  const scale = Math.max(norm, floor);
  const ownNorm = Math.sqrt(found.reduce((sum, x) => sum + x * x, 0));
  const entries = index.map((at, i) => Math.abs(found[at]! - value[i]!) / scale);
  return Math.max(Math.abs(ownNorm - norm) / scale, ...entries);
}

function expectAll(tensors: FloatTensors, expected: Record<string, Sampled>, tolerance: number): void {
  expect([...tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
  const total = Math.sqrt(Object.values(expected).reduce((sum, { norm }) => sum + norm ** 2, 0));
  // Biases of keys have no influence but through rounding; such tensors are measured against the whole.
  for (const [name, { data }] of tensors)
    expect(error(data, expected[name]!, 1e-3 * total), name).toBeLessThan(tolerance);
}

test('the fixtures were made from the weights that ship', () => {
  expect(sha256(bytes)).toBe(parity.weightsSha256);
});

test('weights that are read and written again are the file that Python wrote, byte for byte', () => {
  expect(Buffer.compare(writeSafetensors(weights.tensors), bytes)).toBe(0);
});

test('prompt and texts have the tokens that the Python tokenizer gives them', () => {
  const { text, prefix_ids, suffix_ids } = parity.prompt;
  expect(model.tokenizer.prompt(text)).toEqual({ prefix: prefix_ids, suffix: suffix_ids });
  expect(DEFAULT_PROMPT).toBe(text);
  const plain = parity.tokens.filter((sample) => !sample.text.includes('<|'));
  expect(plain.length).toBeGreaterThan(4);
  for (const sample of plain) {
    expect(model.tokenizer.completion(sample.text), sample.text).toEqual([...sample.ids, model.tokenizer.endToken]);
    expect(model.tokenizer.decode(sample.ids)).toBe(sample.text);
  }
});

describe.each(['square', 'wide'] as const)('%s videos', (name) => {
  const arrays = arraysOf(name);
  const numbers = parity.cases[name];
  const [slices, rows, columns] = numbers.grid;
  const grid = { slices, rows, columns };
  const [, , length] = arrays.completion_ids!.shape as [number, number, number];
  const [, ...frameShape] = arrays.frames!.shape as [number, number, number, number, number];
  const clips = splitClips(arrays.frames!, frameShape);
  const prompt = model.tokenizer.prompt(DEFAULT_PROMPT);
  const videos = clips.map((frames) => ({ pixels: pixelValues(frames, model.folder.processor), prompt }));
  const tensor = (key: string) => new ort.Tensor('float32', arrays[key]!.data as Float32Array, arrays[key]!.shape);
  const completions: Feeds = {
    completion_ids: new ort.Tensor('int64', arrays.completion_ids!.data as BigInt64Array, arrays.completion_ids!.shape),
  };
  const batch = () => ({ ...weights.feeds, ...model.promptFeeds(videos, length), ...completions });
  // The fixtures suppress special tokens only; the engine also ids that stand for no token.
  const sampling = {
    temperature: scalar(parity.settings.grpo.temperature!),
    suppress: suppressionOf(parity.settings.suppressed),
  };
  const gradientsOf = (output: Readonly<Record<string, ort.Tensor>>): FloatTensors =>
    new Map(model.folder.parameters.map((p) => [p.name, { shape: p.shape, data: floats(output[`grad.${p.name}`]) }]));

  test('pixel rows, positions and rotary tables', () => {
    for (const { pixels } of videos) expect(pixels.grid).toEqual(grid);
    const pixels = Float32Array.from(videos.flatMap(({ pixels: { data } }) => [...data]));
    const { index, value } = numbers.pixel_values;
    expect(
      furthest(
        index.map((at) => pixels[at]!),
        value,
      ),
    ).toBeLessThan(1e-6);
    // A float32 norm of so many numbers, as the fixture has it, is off by a few parts in 100,000.
    expect(error(pixels, numbers.pixel_values)).toBeLessThan(1e-4);
    const { prefix, suffix } = prompt;
    const positions = positionIds(prefix.length, grid, suffix.length + length, 2);
    expect(
      furthest(
        positions.flatMap((row) => [...row]),
        arrays.positions!.data,
      ),
    ).toBe(0);
    const decoder = model.decoderTables(videos[0]!, length);
    const vision = visionTables(grid, 32, 2);
    expect(furthest(decoder.cos, arrays.cos!.data)).toBeLessThan(1e-6);
    expect(furthest(decoder.sin, arrays.sin!.data)).toBeLessThan(1e-6);
    expect(furthest(vision.cos, arrays.vision_cos!.data)).toBeLessThan(1e-6);
    expect(furthest(vision.sin, arrays.vision_sin!.data)).toBeLessThan(1e-6);
  });

  test('logits of the prompt, and of the tokens after it with their cache', async () => {
    const first = await model.run('prefill', { ...weights.feeds, ...model.promptFeeds(videos, 0) });
    expect(furthest(floats(first.logits), arrays.prefill_logits!.data)).toBeLessThan(1e-3);
    const [steps, count, group, vocabulary] = arrays.decode_logits!.shape as [number, number, number, number];
    const tables = model.decoderTables(videos[0]!, length);
    const start = tables.cos.length / model.headDim - length;
    const cache = (prefix: string, output: Readonly<Record<string, ort.Tensor>>): Feeds =>
      Object.fromEntries(
        Object.entries(output)
          .filter(([key]) => key !== 'logits')
          .map(([key, value]) => [prefix + key, value]),
      );
    const none = (key: string) => {
      const size = key.startsWith('past_k') ? [model.headDim, 0] : [0, model.headDim];
      return new ort.Tensor('float32', new Float32Array(0), [count, group, model.keyHeads, ...size]);
    };
    let past: Feeds = Object.fromEntries(Object.keys(cache('past_', first)).map((key) => [key, none(key)]));
    for (let t = 0; t < steps; t++) {
      const ids = arrays.completion_ids!.data as BigInt64Array;
      const row = (table: Float32Array) =>
        new ort.Tensor('float32', table.slice((start + t) * model.headDim, (start + t + 1) * model.headDim), [
          1,
          model.headDim,
        ]);
      const output = await model.run('decode', {
        ...weights.feeds,
        input_ids: new ort.Tensor(
          'int64',
          BigInt64Array.from({ length: count * group }, (_, i) => ids[i * length + t]!),
          [count, group],
        ),
        cos: row(tables.cos),
        sin: row(tables.sin),
        ...cache('prompt_', first),
        ...past,
      });
      past = cache('past_', output);
      const size = count * group * vocabulary;
      const expected = (arrays.decode_logits!.data as Float32Array).subarray(t * size, (t + 1) * size);
      expect(furthest(floats(output.logits), expected), `step ${t}`).toBeLessThan(1e-3);
    }
  });

  test('greedy captions, token by token', async () => {
    // The reference decoder suppresses no token.
    const free = new PolicyModel('tiny', 2);
    free.suppressed.fill(0);
    const job = { progress: () => undefined, throwIfCancelled: () => undefined };
    const named = clips.map((frames, i) => ({ sampleId: `${i}`, frames, prompt: DEFAULT_PROMPT }));
    const groups = await generate(free, weights, { clips: named, groupSize: 1, maxNewTokens: 64 }, job);
    expect(
      groups.map(({ completions: [completion] }) =>
        completion!.tokenIds.filter((id) => id !== model.tokenizer.endToken),
      ),
    ).toEqual(numbers.greedy.map(({ ids }) => ids));
    await free.dispose();
  });

  test('log-probabilities and entropy of the sampling distribution', async () => {
    const output = await model.run('logprobs', { ...batch(), ...sampling });
    expect(furthest(floats(output.logprobs), arrays.logprobs!.data)).toBeLessThan(1e-3);
    expect(furthest(floats(output.entropy), arrays.entropy!.data)).toBeLessThan(1e-3);
  });

  /** A loss's own inputs, by what `graphs.json` says that its graph takes. */
  function inputsOf(graph: string, loss: string): Feeds {
    const shared = { ...batch(), ...sampling };
    const own = model.folder.graphs[graph]!.inputs.filter((input) => !(input in shared));
    const settings: Record<string, number> = parity.settings[loss as LossName] ?? {};
    return Object.fromEntries(own.map((input) => [input, input in arrays ? tensor(input) : scalar(settings[input]!)]));
  }

  test('every loss: its value, its outputs, every gradient, and an AdamW update with them', async () => {
    expect(losses.map(({ loss }) => loss)).toEqual(['grpo', 'sft', 'gspo']);
    const outputs: Readonly<Record<string, ort.Tensor>>[] = [];
    for (const { graph, loss } of losses) {
      const { inputs, outputs: names } = model.folder.graphs[graph]!;
      const feeds = { ...batch(), ...(inputs.includes('temperature') ? sampling : {}) };
      const output = await model.run(graph, { ...feeds, ...inputsOf(graph, loss) });
      const expected = numbers[loss as LossName];
      expect(floats(output.loss)[0], loss).toBeCloseTo(expected.loss, 4);
      for (const name of names) {
        const known = arrays[`${loss}.${name}`] ?? (inputs.includes('temperature') ? arrays[name] : undefined);
        if (known) expect(furthest(floats(output[name]), known.data), `${loss}: ${name}`).toBeLessThan(1e-3);
      }
      expectAll(gradientsOf(output), expected.gradients, 1e-4);
      outputs.push(output);
    }

    const { lr, beta1, beta2, eps: epsilon, weight_decay: weightDecay, max_grad_norm: maxGradNorm } = adamwSettings;
    const settings = {
      learningRate: lr,
      schedule: 'constant',
      warmupSteps: 0,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      maxGradNorm,
    } as const;
    let learner = { weights, state: freshOptimizer(model.folder) };
    for (const [i, output] of outputs.entries()) {
      const expected = numbers.adamw[i]!;
      const updated = await adamwStep(model, learner.weights, gradientsOf(output), learner.state, lr, settings);
      expect(Math.abs(updated.gradNorm / expected.grad_norm - 1)).toBeLessThan(1e-4);
      expectAll(updated.weights.tensors, expected.param, 1e-4);
      expectAll(updated.state.first, expected.m, 1e-4);
      expectAll(updated.state.second, expected.v, 1e-4);
      learner = updated;
    }
    expect(Object.keys(tensorFeeds(learner.weights.tensors))).toEqual(model.folder.parameters.map((p) => p.name));
  });

  test("GSPO's loss and gradients are those of TRL's own code", async () => {
    const feeds = { ...batch(), ...sampling, ...inputsOf('gspo-gradients', 'gspo') };
    const output = await model.run('gspo-gradients', feeds);
    expect(floats(output.loss)[0]).toBeCloseTo(trl.gspo.cases[name].loss, 5);
    expectAll(gradientsOf(output), trl.gspo.cases[name].gradients, 1e-4);
  });
});

function splitClips({ data }: FixtureTensor, shape: [number, number, number, number]): Frames[] {
  const size = shape.reduce((a, b) => a * b, 1);
  return Array.from({ length: data.length / size }, (_, i) => ({
    shape,
    data: (data as Uint8Array).subarray(i * size, (i + 1) * size),
  }));
}

function suppressionOf(tokens: string[]): ort.Tensor {
  const { added_tokens }: { added_tokens: { id: number; content: string }[] } = JSON.parse(
    readFileSync(join(model.folder.path, 'tokenizer.json'), 'utf8'),
  );
  const ids = added_tokens.filter(({ content }) => tokens.includes(content)).map(({ id }) => id);
  const values = Float32Array.from({ length: model.vocabulary }, (_, id) => (ids.includes(id) ? -1e9 : 0));
  return new ort.Tensor('float32', values, [model.vocabulary]);
}
