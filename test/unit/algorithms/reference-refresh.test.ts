import { expect, test } from 'vitest';
import { refreshesReference } from '../../../algorithms/reference-refresh.ts';
import { AlgorithmConfig } from '../../../algorithms/registry.ts';

const refreshed = (config: object) => {
  const section = AlgorithmConfig.parse({ kind: 'grpo', ...config });
  return [1, 2, 3, 4, 5, 6].filter((step) => refreshesReference(step, section));
};

test('every N steps refresh the reference policy, as TRL does when global_step % ref_model_sync_steps is 0', () => {
  expect(refreshed({ refreshReferenceEvery: 1 })).toEqual([1, 2, 3, 4, 5, 6]);
  expect(refreshed({ refreshReferenceEvery: 3 })).toEqual([3, 6]);
});

test('the reference policy stays the start policy with 0, without the field, and for algorithms that have none', () => {
  expect([{ refreshReferenceEvery: 0 }, {}, { kind: 'sft' }].map(refreshed)).toEqual([[], [], []]);
});
