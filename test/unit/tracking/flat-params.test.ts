import { describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { flatParams } from '../../../tracking/flat-params.ts';

const params = (config: unknown) =>
  new Map(flatParams(ExperimentConfig.parse(config)).map(({ key, value }) => [key, value]));

describe('flatParams', () => {
  it('names every setting by its path', () => {
    const flat = params({ name: 'try', seed: 7 });
    expect(flat.get('name')).toBe('try');
    expect(flat.get('seed')).toBe('7');
    expect(flat.get('algorithm.optimizer.learningRate')).toBe('0.00002');
    expect(flat.get('algorithm.skipUniformGroups')).toBe('false');
    expect(flat.get('reward.caption.thresholds')).toBe('[0.28,0.35]');
  });

  it('has the section of the algorithm that is used, and of no other', () => {
    const grpo = params({ algorithm: { kind: 'grpo' } });
    const sft = params({ algorithm: { kind: 'sft' } });
    expect([grpo.get('algorithm.kind'), grpo.get('algorithm.beta')]).toEqual(['grpo', '0.04']);
    expect([sft.get('algorithm.kind'), sft.has('algorithm.beta')]).toEqual(['sft', false]);
  });
});
