import { describe, expect, test } from 'vitest';
import { AlgorithmConfig, algorithmOf } from '../../../algorithms/registry.ts';

describe('the section algorithm', () => {
  test('has the defaults of its kind', () => {
    expect(AlgorithmConfig.parse({ kind: 'grpo' })).toMatchObject({
      ...{ steps: 40, samplesPerStep: 4, iterations: 1, beta: 0.04, clipLow: 0.2, clipHigh: 0.2 },
      ...{ aggregation: 'grpo', scaleRewards: 'group', skipUniformGroups: false },
      optimizer: { learningRate: 2e-5, schedule: 'constant', warmupSteps: 0, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
    });
    const gspo = AlgorithmConfig.parse({ kind: 'gspo' });
    // Section 5.1 of arXiv 2507.18071: four mini-batches of a rollout batch, and the clip range.
    expect(gspo).toMatchObject({ iterations: 4, beta: 0, clipLow: 3e-4, clipHigh: 4e-4, scaleRewards: 'group' });
    expect(gspo).not.toHaveProperty('aggregation');
    expect(AlgorithmConfig.parse({ kind: 'sft' })).toMatchObject({ steps: 40, samplesPerStep: 32 });
  });

  test('refuses the fields of another kind', () => {
    expect(AlgorithmConfig.safeParse({ kind: 'sft', beta: 0.1 }).success).toBe(false);
    expect(AlgorithmConfig.safeParse({ kind: 'gspo', aggregation: 'dapo' }).success).toBe(false);
  });
});

test.each([
  ['grpo', 'completions'],
  ['gspo', 'completions'],
  ['sft', 'references'],
] as const)('%s learns from %s, by a loss of its name', (kind, learnsFrom) => {
  expect(algorithmOf(AlgorithmConfig.parse({ kind }))).toMatchObject({ learnsFrom, loss: kind });
});
