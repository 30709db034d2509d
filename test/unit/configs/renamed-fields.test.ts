import { expect, test } from 'vitest';
import { parseConfig } from '../../../configs/load-config.ts';
import { RENAMED_FIELDS } from '../../../configs/renamed-fields.ts';
import { refusal } from '../../refusal.ts';

const parse = (text: string, overrides: Record<string, unknown> = {}) =>
  parseConfig(text, { file: 'lab.yaml', folder: '/lab', overrides });

const OLD = {
  method: ['method: sft', 'algorithm: { kind: sft }'],
  grpo: ['grpo: { steps: 3, optimizer: { beta1: 0.8 } }', 'algorithm, beside kind: grpo'],
  sft: ['sft: { steps: 3 }', 'algorithm, beside kind: sft'],
  'policy.engine': ['policy: { engine: onnx }', 'policy.engine: { kind: onnx'],
  'policy.threads': ['policy: { threads: 4 }', '{ kind: onnx, threads: 2 }'],
  'reward.weights': ['reward: { weights: { think: 0, caption: 2 } }', 'reward.think.weight: 0'],
} satisfies Record<string, [text: string, instead: string]>;

test.each(Object.entries(OLD))('%s: one sentence says what to write instead', (field, [text, instead]) => {
  expect(() => parse(text)).toThrow(refusal('InvalidConfig', 'lab.yaml:1:', `: ${field} has`, 'write', instead));
  expect(() => parse(text)).toThrow(/^[^\n]*$/);
});

test('every old form is tested', () => {
  expect(Object.keys(OLD).sort()).toEqual(Object.keys(RENAMED_FIELDS).sort());
});

test('an override by an old key is answered alike', () => {
  const overrides = { 'grpo.steps': 3, 'reward.weights.think': 0 };
  expect(() => parse('', overrides)).toThrow(
    refusal(
      'InvalidConfig',
      'override reward.weights.think=0: reward.weights has',
      '\noverride grpo.steps=3: grpo has',
    ),
  );
});
