import { describe, expect, it } from 'vitest';
import { modelDimensions } from '../../../../policy/plan/model-dimensions.ts';
import { microBatchTokens, torchMemory } from '../../../../policy/plan/torch-memory.ts';
import type { StepWork } from '../../../../policy/plan/work.ts';
import { TorchConfig } from '../../../../policy/torch/torch-config.ts';

const model = modelDimensions('Qwen/Qwen2-VL-7B-Instruct').dimensions;
const work: StepWork = {
  ...{ groups: 8, groupSize: 8, prompt: 1071, videoTokens: 1024, patches: 4096, slicePatches: 512 },
  ...{ meanTokens: 400, mostTokens: 1024, iterations: 1, samples: true, reference: true },
};
const config = (settings: object = {}) => TorchConfig.parse({ kind: 'torch', ...settings });

describe('torchMemory', () => {
  it('keeps trained weights, their gradients and moments in 16 bytes a parameter, frozen ones in the dtype', () => {
    const { update, trained } = torchMemory(model, config(), work);
    expect(trained).toBe(6_525_621_760 + 2 * 544_997_376);
    expect(update.weights! + update['gradients and moments']!).toBe(16 * trained + 2 * 675_759_104);
    expect(torchMemory(model, config({ dtype: 'float32' }), work).update.weights).toBe(4 * 8_291_375_616);
  });

  it('shares them among the ranks, but not the whole model of sampling', () => {
    const [one, eight] = [1, 8].map((ranks) => torchMemory(model, config({ ranks }), work));
    expect(eight!.update.weights).toBe(one!.update.weights! / 8);
    expect(eight!.sampling['whole model']).toBe(one!.sampling['whole model']);
  });

  it('has no reference with adapters, without one, or with SFT, which samples nothing either', () => {
    expect(torchMemory(model, config({ lora: {} }), work).update.reference).toBe(0);
    const sft = torchMemory(model, config(), { ...work, reference: false, samples: false });
    expect(sft.update.reference).toBe(0);
    expect(sft.sampling).toEqual({});
  });

  it('needs no memory to sample where servers do', () => {
    const rollout = { kind: 'vllm', servers: ['http://127.0.0.1:8000'] };
    expect(torchMemory(model, config({ rollout }), work).sampling).toEqual({});
  });

  it('counts what lies ready for servers where it is no link to a stored checkpoint', () => {
    const rollout = { kind: 'vllm', servers: ['http://127.0.0.1:8000'] };
    const bytes = (settings: object) => torchMemory(model, config(settings), work).handOver;
    expect([{ rollout }, { checkpointEvery: 25 }].map(bytes)).toEqual([0, 0]);
    expect(bytes({ rollout, lora: {} })).toBe(2 * 4 * 161_480_704);
    expect(bytes({ rollout, checkpointEvery: 25, freezeVision: false })).toBe(2 * 4 * 8_291_375_616);
  });

  it('copies a checkpoint to the host where its files are written beside the next steps', () => {
    const [at, beside, adapters] = [{}, { checkpointEvery: 25 }, { checkpointEvery: 25, lora: {} }].map((settings) =>
      torchMemory(model, config(settings), work),
    );
    expect(beside!.host - at!.host).toBe(beside!.checkpoint);
    expect(beside!.checkpoint).toBe(12 * beside!.trained + 2 * 675_759_104);
    expect(adapters!.host).toBeLessThan(adapters!.checkpoint * 2 + 1);
  });

  it('keeps every layer where activations are not computed again', () => {
    const [with28, with1] = [false, true].map((gradientCheckpointing) =>
      torchMemory(model, config({ gradientCheckpointing }), work),
    );
    expect(with28!.update.activations).toBeGreaterThan(5 * with1!.update.activations!);
  });
});

it('fills a micro-batch to its budget, with a prompt and one text at least, and no more than a rank has', () => {
  expect(microBatchTokens(config(), work)).toBe(8192);
  expect(microBatchTokens(config({ tokensPerMicroBatch: 64 }), work)).toBe(1071 + 1024);
  expect(microBatchTokens(config({ tokensPerMicroBatch: 1_000_000, ranks: 8 }), work)).toBe(1071 + 8 * 1024);
});
