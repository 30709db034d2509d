import { expect, it } from 'vitest';
import { ruleFor } from '../../../../cli/gc/rules.ts';
import { keyOf } from '../../../../core/store-layout.ts';

it('each kind of artifact has a rule of its own', () => {
  const place = { runKey: 'r', step: 1, round: 0, part: 0 };
  expect(ruleFor(keyOf('rollout', place))).toEqual({ need: 'for good', kind: 'runs', isLeaf: true });
  expect(ruleFor(keyOf('rolloutOutput', place)).need).toBe('retries');
  expect(ruleFor(keyOf('checkpointWeights', place))).toMatchObject({ need: 'checkpoint', kind: 'checkpoints' });
  expect(ruleFor(keyOf('recipe', place))).toEqual({ need: 'checkpoint', kind: 'checkpoints' });
  expect(ruleFor(keyOf('clip', { hash: 'h' }))).toEqual({ need: 'cache', kind: 'frames' });
  expect(ruleFor(keyOf('startWeights', { hash: 'h' }))).toMatchObject({ need: 'cache', kind: 'policies' });
  expect(ruleFor(keyOf('ledgerEntry', { hash: 'h' })).need).toBe('ledger');
});

it('nothing is known of a key that no template makes', () => {
  expect(ruleFor('runs/r/notes.txt').need).toBe('unknown');
});
