import { expect, test } from 'vitest';
import { createSweepView, sweepLine, sweepNotes, type WatchedSweep } from '../../../../cli/output/sweep-view.ts';

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

test.each([
  [{ columns: 40, rows: 6 }, 40, ['  and 7 more: videocap status']],
  [{ columns: 0, rows: 0 }, 80, []],
])('on a terminal of %o all lines are drawn in place of those before', (size, columns, more) => {
  let written = '';
  const write = (text: string) => {
    written += text;
  };
  const view = createSweepView({ ...{ isTTY: true, write }, ...size } as unknown as NodeJS.WriteStream);
  const now: WatchedSweep = { ...sweep, running: Array.from({ length: 10 }, (_, i) => run(i + 1)) };
  view.show(now);
  const lines = written.split('\n').slice(0, -1);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(columns);
  expect(lines.slice(-1).filter((line) => line.includes('more'))).toEqual(more);
  expect(lines.length).toBeLessThan(size.rows || 24);
  written = '';
  view.show(now);
  expect(written.startsWith(`\u001b[${lines.length}A\u001b[0J`)).toBe(true);
});
