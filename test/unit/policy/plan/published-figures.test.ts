import { describe, expect, it, test } from 'vitest';
import { GPUS } from '../../../../policy/plan/gpus.ts';
import { modelDimensions } from '../../../../policy/plan/model-dimensions.ts';
import { type Practice, stepCompute } from '../../../../policy/plan/step-compute.ts';
import { sumOf, torchMemory } from '../../../../policy/plan/torch-memory.ts';
import type { StepWork } from '../../../../policy/plan/work.ts';
import { TorchConfig } from '../../../../policy/torch/torch-config.ts';

/** What `videocap plan` promises: to be right to a quarter. */
const within = (published: number) => ({ least: 0.75 * published, most: 1.25 * published });
const qwen25 = modelDimensions('Qwen/Qwen2.5-VL-7B-Instruct').dimensions;
const qwen2 = modelDimensions('Qwen/Qwen2-VL-7B-Instruct').dimensions;
const h100 = GPUS['h100-80']!;
const machine = (gpus: number, mfu: number) => ({
  ...{ gpus, samplers: gpus, mfu },
  ...{ flops: h100.bf16TFLOPS * 1e12, bytes: h100.bandwidthGBs * 1e9 },
});

/**
 * EasyR1, assets/baselines.md: Qwen2.5-VL-7B on geo3k, 512 prompts x 5 completions, 8 x H100. A prompt has about 360
 * tokens with its picture (300 merged patches), a completion about 365 and at most 2048. Its trainer computes a prompt
 * for each completion, scores old and reference log-probabilities in passes of their own, trains the vision tower, and
 * samples with vLLM, all completions together.
 */
const geo3k: StepWork = {
  ...{ groups: 512, groupSize: 5, prompt: 360, videoTokens: 300, patches: 1200, slicePatches: 1200 },
  ...{ meanTokens: 365, mostTokens: 2048, iterations: 1, samples: true, reference: true },
};
const easyR1: Practice = {
  ...{ promptCopies: 5, scoringPasses: 2, backward: 3, trainsVision: true },
  ...{ sampledTogether: 320, secondsPerToken: 0 },
};

describe('seconds of a step', () => {
  test.each([
    [145, 0.16],
    [120, 0.232],
  ])('EasyR1 publishes %s s at an MFU of %s', (published, mfu) => {
    const { sampling, update } = stepCompute(qwen25, geo3k, easyR1, machine(8, mfu)).seconds;
    expect(sampling + update).toBeGreaterThan(within(published).least);
    expect(sampling + update).toBeLessThan(within(published).most);
  });
});

/** The memory of 68 to 72 GB that EasyR1 publishes beside these is what vLLM reserves, not what the trainer needs. */
describe('memory of a GPU', () => {
  const work: StepWork = { ...geo3k, groups: 64, mostTokens: 1024 };
  const peak = (settings: object) => {
    const { update, sampling } = torchMemory(qwen25, TorchConfig.parse({ kind: 'torch', ...settings }), work);
    return Math.max(sumOf(update), sumOf(sampling)) / 1e9;
  };

  test.each([
    ['EasyR1: all weights in mixed precision, 8 x 40 GB', 40, { ranks: 8 }],
    ['EasyR1: LoRA, 2 x 32 GB', 32, { ranks: 2, lora: { rank: 64 } }],
  ])('%s are the least', (_, published, settings) => {
    expect(peak(settings)).toBeGreaterThan(within(published).least);
    expect(peak(settings)).toBeLessThan(within(published).most);
  });

  it('has room for LoRA on one GPU of 80 GB, as verl publishes', () => {
    expect(peak({ ranks: 1, lora: { rank: 64 } })).toBeLessThan(80);
  });
});

describe('a checkpoint', () => {
  const bytes = (settings: object) =>
    torchMemory(qwen2, TorchConfig.parse({ kind: 'torch', ...settings }), geo3k).checkpoint / 1e9;

  it('has 94 GB for all weights with their moments, and 1.9 GB for adapters of rank 64', () => {
    expect(bytes({})).toBeGreaterThan(within(94).least);
    expect(bytes({})).toBeLessThan(within(94).most);
    expect(bytes({ lora: { rank: 64 } })).toBeCloseTo(1.9, 1);
  });
});
