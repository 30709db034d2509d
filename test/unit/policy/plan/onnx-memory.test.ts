import { describe, expect, it, test } from 'vitest';
import { samplingBytes, trainingBytes } from '../../../../policy/onnx/model/memory.ts';
import { PolicyModel } from '../../../../policy/onnx/model/model.ts';
import { openModelFolder } from '../../../../policy/onnx/model/model-folder.ts';
import { microBatches } from '../../../../policy/onnx/training/micro-batch.ts';
import { modelDimensions } from '../../../../policy/plan/model-dimensions.ts';
import { onnxMemory, samplingWork, updateWork } from '../../../../policy/plan/onnx-memory.ts';
import { promptSizes, type StepWork } from '../../../../policy/plan/work.ts';
import { DEFAULT_PROMPT } from '../../../../policy/prompt-config.ts';
import { noisyFrames } from '../../../integration/policy/onnx/noisy-frames.ts';

const { dimensions } = modelDimensions('tiny');
const quickstart = { frames: 8, pixels: 84 * 84 };
const work = (fields: Partial<StepWork> = {}): StepWork => ({
  ...{ groups: 8, groupSize: 8, meanTokens: 128, mostTokens: 128, iterations: 1, samples: true, reference: true },
  ...promptSizes(dimensions, quickstart, DEFAULT_PROMPT.length),
  ...fields,
});

describe('updateWork', () => {
  const model = new PolicyModel('tiny', 1);

  test.each([
    [8, 128],
    [8, 32],
    [4, 500],
    [8, 1024],
    [3, 1000],
  ])('is the largest micro-batch of groups of %s completions of %s tokens', (groupSize, mostTokens) => {
    const clips = Array.from({ length: 8 }, (_, i) => ({
      ...{ sampleId: `s${i}`, frames: noisyFrames(i, [8, 84, 84]), prompt: DEFAULT_PROMPT },
      completions: Array.from({ length: groupSize }, () => ({
        ...{ sampleId: `s${i}`, tokenIds: Array.from({ length: mostTokens }, () => 1) },
      })),
    }));
    const [first] = microBatches(model, clips);
    const { videos, completions, length } = updateWork(work({ groupSize, mostTokens }));
    expect([videos, completions, length]).toEqual(first!.shape);
  });

  it('has the grid and nearly the prompt of the model', () => {
    const frames = noisyFrames(1, [8, 84, 84]);
    const video = model.prompted({ frames, prompt: DEFAULT_PROMPT });
    const { rows, columns, slices } = video.pixels.grid;
    const { grid, prompt } = updateWork(work());
    expect([grid.slices, grid.rows * grid.columns]).toEqual([slices, rows * columns]);
    expect(Math.abs(prompt - model.promptLength(video))).toBeLessThan(0.25 * prompt);
  });
});

it('samples 64 completions at a time, of groups that are whole', () => {
  expect(samplingWork(work())).toMatchObject({ videos: 8, completions: 8, length: 128 });
  expect(samplingWork(work({ parts: [3, 3, 2] }))).toMatchObject({ videos: 3, completions: 8 });
  expect(samplingWork(work({ groupSize: 48 }))).toMatchObject({ videos: 1, completions: 48 });
  expect(samplingWork(work({ groupSize: 100, mostTokens: 4096 }))).toMatchObject({ videos: 1, completions: 16 });
});

it('is the estimate that the engine itself makes before it computes', () => {
  const { config } = openModelFolder('tiny');
  const { update, sampling } = onnxMemory(dimensions, work());
  expect(update.activations).toBe(trainingBytes(config, updateWork(work())));
  expect(sampling['keys, values and scores']).toBe(samplingBytes(config, samplingWork(work())));
});
