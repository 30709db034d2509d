import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FOREIGN_FIELDS } from '../../../configs/foreign-fields.ts';
import { homesOf } from '../../../configs/known-fields.ts';
import { parseConfig } from '../../../configs/load-config.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { refusal } from '../../refusal.ts';

const page = readFileSync(new URL('../../../docs/coming-from.md', import.meta.url), 'utf8').toLowerCase();

describe.each(Object.entries(FOREIGN_FIELDS))('%s of another trainer', (name, fields) => {
  it.each(fields)('is the known field %s', (field) => {
    expect(homesOf(ExperimentConfig, field.split('.').at(-1)!)).toContain(field);
  });

  it('is in the page that compares the trainers', () => {
    expect(page).toContain(name);
  });
});

it.each([
  ['learning_rate: 1e-6', 'learning_rate', 'algorithm.optimizer.learningRate'],
  ['algorithm: { kl_coef: 0.1 }', 'algorithm.kl_coef', 'algorithm.beta'],
  // Also where the optimiser has a field of the same name.
  ['algorithm: { epsilon: 0.2 }', 'algorithm.epsilon', '"algorithm.clipLow" and "algorithm.clipHigh"'],
  ['sampling: { num_generations: 4 }', 'sampling.num_generations', 'sampling.groupSize'],
  // Fields of an engine that is not the default.
  ['lora_rank: 64', 'lora_rank', 'policy.engine.lora.rank'],
  ['policy: { engine: { kind: torch, use_vllm: true } }', 'policy.engine.use_vllm', 'policy.engine.rollout'],
])('%s is refused with the field that it is here', (text, written, here) => {
  expect(() => parseConfig(text, { file: 'lab.yaml', folder: '/lab' })).toThrow(
    refusal('InvalidConfig', written, here, 'docs/coming-from.md'),
  );
});
