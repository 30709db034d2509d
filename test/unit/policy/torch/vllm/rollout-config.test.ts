import { expect, test } from 'vitest';
import { TorchConfig } from '../../../../../policy/torch/torch-config.ts';

const rollout = (section: object) => TorchConfig.safeParse({ kind: 'torch', rollout: section });

test('the ranks sample by default', () => {
  expect(TorchConfig.parse({ kind: 'torch' }).rollout).toEqual({ kind: 'local' });
});

test('servers are addresses without a path, each once', () => {
  const one = 'http://127.0.0.1:8000';
  expect(rollout({ kind: 'vllm', servers: [one, 'https://host'] }).success).toBe(true);
  for (const servers of [[], [one, one], [`${one}/`], [`${one}/v1`], ['http://u:p@host'], ['file:///x'], ['host:8000']])
    expect(rollout({ kind: 'vllm', servers }).success, String(servers)).toBe(false);
});

test('a cap below 1 would weigh tokens down that both agree on', () => {
  const servers = ['http://127.0.0.1:8000'];
  expect(rollout({ kind: 'vllm', servers, importanceCap: 2 }).success).toBe(true);
  expect(rollout({ kind: 'vllm', servers, importanceCap: 0.5 }).success).toBe(false);
});
