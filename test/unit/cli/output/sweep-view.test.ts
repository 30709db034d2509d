import { expect, test } from 'vitest';
import { sweepLine, sweepNotes, type WatchedSweep } from '../../../../cli/output/sweep-view.ts';

const status = { stage: 'update', step: 1, totalSteps: 2, paused: false, evaluations: [] };
const run = (seed: number, more: object = {}) => ({
  ...{ run: `s.grpo.few.s${seed}`, name: `grpo · few · seed ${seed}` },
  status: { ...status, ...more },
});
const runs = [
  { run: 's.grpo.few.s1', condition: 'few', seed: 1, state: 'finished' as const },
  { run: 's.grpo.few.s2', condition: 'few', seed: 2, state: 'running' as const },
];
const sweep: WatchedSweep = { ...status, stage: 'runs', sweep: { arms: [{ arm: 'grpo', runs }] } };

test('a sweep is counted by what its runs are', () => {
  expect(sweepLine(sweep)).toBe('1/2 runs: 1 finished, 1 running');
  expect(sweepLine({ ...sweep, stage: 'paused' })).toContain('paused');
});

test('a run that has used its budget is said to keep its place, with the command that lets it go on', () => {
  const blocked = 'The judge has had 10 calls, all of judge.budget.calls.';
  const notes = sweepNotes({ ...sweep, running: [run(1), run(2, { blocked })] });
  expect(notes).toEqual([`grpo · few · seed 2: ${blocked}`, expect.stringContaining('keeps its place')]);
  expect(notes[1]).toContain('videocap resume s.grpo.few.s2');
});
