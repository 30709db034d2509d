import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyOf, parseKey } from '../../../core/store-layout.ts';

const PLACE = { runKey: 'quickstart-1a2b3c4d', step: 12, round: 1, part: 0 };

test('a key names the place in the run that its artifact belongs to', () => {
  expect(keyOf('rollout', PLACE)).toBe('runs/quickstart-1a2b3c4d/step-000012/round-01/part-00/rollout.json');
});

test('parts of a place that a kind has no use for are ignored', () => {
  expect(keyOf('update', PLACE)).toBe('runs/quickstart-1a2b3c4d/step-000012/update.json');
});

test('a key is read back as the kind and the parts that it was made of', () => {
  const runKey = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/);
  const count = fc.integer({ min: 0, max: 2_000_000 });
  fc.assert(
    fc.property(runKey, count, count, count, (runKey, step, round, from) => {
      const parts = { runKey, step, round, part: 0, from };
      expect(parseKey(keyOf('rolloutSlice', parts))).toEqual({ kind: 'rolloutSlice', parts });
    }),
  );
});

test.each([
  ['heldOutScores', { runKey: 'r', step: 3 }],
  ['suiteScores', { runKey: 'r', step: 3, suite: 'vdc' }],
  ['captions', { runKey: 'r', step: 3, list: 'dream1k-2' }],
  ['annotatedBatch', { runKey: 'r', batch: 7 }],
  ['clip', { hash: 'a'.repeat(64) }],
  ['shapesVideo', { world: '0123456789abcdef', sample: 'train-000001' }],
] as const)('%s is distinguished from every other kind', (kind, parts) => {
  expect(parseKey(keyOf(kind, parts as never))).toEqual({ kind, parts });
});

test('a key that no template makes is of no kind', () => {
  expect(parseKey('runs/r/step-1/update.json')).toBeUndefined();
  expect(parseKey('elsewhere/update.json')).toBeUndefined();
});
