import { expect, it } from 'vitest';
import { phaseOf, waitsForPerson } from '../../../workflows/run-phase.ts';

it.each([
  ['starting', true, 'starting'],
  ['dataset', false, 'preparing'],
  ['frames', false, 'preparing'],
  ['frames', true, 'training'],
  ['rollout', true, 'training'],
  ['update', true, 'training'],
  ['benchmark', true, 'benchmark'],
  ['dream1k', true, 'benchmark'],
  ['report', true, 'report'],
  ['mlflow', true, 'report'],
  ['ended early', true, 'ended early'],
  ['cancelled', true, 'cancelled'],
] as const)('stage %s, with everything prepared: %s, is phase %s', (stage, prepared, phase) => {
  expect(phaseOf(stage, prepared)).toBe(phase);
});

it('says that a run waits for a person, whatever for, and not that it waits for a judge which may answer again', () => {
  expect(waitsForPerson({ paused: true })).toBe(true);
  for (const why of ['blocked', 'notFinite', 'died', 'differs'])
    expect(waitsForPerson({ paused: false, [why]: 'Repair it.' })).toBe(true);
  expect(waitsForPerson({ paused: false, asked: 'pause', judge: { why: 'it is away', since: 0 } })).toBe(false);
});
