import { expect, test } from 'vitest';
import { parseConfig } from '../../../configs/load-config.ts';
import { RENAMED_FIELDS } from '../../../configs/renamed-fields.ts';

function sentencesOf(text: string, overrides: Record<string, unknown> = {}): string[] {
  try {
    parseConfig(text, { file: 'lab.yaml', folder: '/lab', overrides });
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
}

const OLD = {
  method: [
    'method: sft',
    'lab.yaml:1:1: method has another form now; write algorithm: { kind: grpo } or algorithm: { kind: sft }.',
  ],
  grpo: [
    'grpo: { steps: 3, optimizer: { beta1: 0.8 } }',
    'lab.yaml:1:1: grpo has another form now; write its fields under algorithm, beside kind: grpo.',
  ],
  sft: [
    'sft: { steps: 3 }',
    'lab.yaml:1:1: sft has another form now; write its fields under algorithm, beside kind: sft.',
  ],
  'policy.engine': [
    'policy: { engine: onnx }',
    'lab.yaml:1:11: policy.engine has another form now; write policy.engine: { kind: onnx, threads: 2 }.',
  ],
  'policy.threads': [
    'policy: { threads: 4 }',
    'lab.yaml:1:11: policy.threads has another form now; write policy.engine: { kind: onnx, threads: 2 }.',
  ],
  'reward.weights': [
    'reward: { weights: { think: 0, caption: 2 } }',
    'lab.yaml:1:11: reward.weights has another form now; ' +
      'write the weight into the component itself, such as reward.think.weight: 0.',
  ],
} satisfies Record<string, [text: string, sentence: string]>;

test.each(Object.entries(OLD))('%s: one sentence says what to write instead', (_, [text, sentence]) => {
  expect(sentencesOf(text)).toEqual([sentence]);
});

test('every old form is tested', () => {
  expect(Object.keys(OLD).sort()).toEqual(Object.keys(RENAMED_FIELDS).sort());
});

test('an override by an old key is answered alike', () => {
  expect(sentencesOf('', { 'grpo.steps': 3, 'reward.weights.think': 0 })).toEqual([
    'override reward.weights.think=0: reward.weights has another form now; ' +
      'write the weight into the component itself, such as reward.think.weight: 0.',
    'override grpo.steps=3: grpo has another form now; write its fields under algorithm, beside kind: grpo.',
  ]);
});
