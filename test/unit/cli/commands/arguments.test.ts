import { expect, it } from 'vitest';
import { collectOverride } from '../../../../cli/commands/arguments.ts';

it('collects values that mean what they say in YAML', () => {
  const texts = [
    'algorithm.steps=10',
    'algorithm.kind=sft',
    'algorithm.skipUniformGroups=true',
    'reward.caption.thresholds=[0.3, 0.5]',
  ];
  expect(texts.reduce<Record<string, unknown>>((before, text) => collectOverride(text, before), {})).toEqual({
    'algorithm.steps': 10,
    'algorithm.kind': 'sft',
    'algorithm.skipUniformGroups': true,
    'reward.caption.thresholds': [0.3, 0.5],
  });
  expect(collectOverride('judge.baseUrl=http://host/v1?a=b')).toEqual({ 'judge.baseUrl': 'http://host/v1?a=b' });
});

it.each(['algorithm.steps', '=10', 'algorithm.steps=[1'])('refuses %s', (text) => {
  expect(() => collectOverride(text)).toThrow(/write it as key=value|its value is no YAML/);
});
