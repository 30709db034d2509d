import { describe, expect, it } from 'vitest';
import { resultClause } from '../../../../cli/output/result-clause.ts';
import { runLines } from '../../../../cli/output/run-lines.ts';
import type { ListedRun } from '../../../../cli/run/list-runs.ts';

const run = (change: Partial<ListedRun>): ListedRun => ({
  ...{ workflowId: 'my-run', type: 'trainingRun', state: 'running', started: '2026-11-24T12:00:00.000Z' },
  ...change,
});
const status = { stage: 'rollout', step: 2, totalSteps: 6, paused: false, evaluations: [] };
const cells = (change: Partial<ListedRun>) =>
  runLines([run(change)], [])[2]!
    .trim()
    .split(/ {2,}/);

describe('runLines', () => {
  it('shows progress, result or reason, and what a user has called the run', () => {
    expect(cells({ status })).toEqual(['my-run', 'trainingRun', '2026-11-24 12:00:00', 'running', 'step 2/6']);
    expect(cells({ state: 'completed', end: 'Finished all 6 steps', result: 'eventF1 60.6 -> 71.4' }).slice(3)).toEqual(
      [...['completed', 'Finished all 6 steps', 'eventF1 60.6 -> 71.4']],
    );
    expect(
      cells({ state: 'failed', reason: 'No such model.\n at x', tags: ['paper=v2'], note: 'no KL' }).slice(3),
    ).toEqual([...['failed', 'No such model.', '#paper=v2 no KL']]);
  });

  it('names what waits for a user, and what no worker answers for', () => {
    expect(cells({ status: { ...status, paused: true } })[3]).toBe('paused');
    expect(cells({ status: { ...status, blocked: 'Set the key.' } })[3]).toBe('waits for you');
    expect(cells({ unanswered: true }).slice(3)).toEqual(['running', 'no worker answers']);
  });

  it('cuts a reason that is too long for a row', () => {
    expect(cells({ state: 'failed', reason: 'x'.repeat(300) })[4]).toHaveLength(100);
  });
});

describe('resultClause', () => {
  const of = (result: object) => resultClause(result as Parameters<typeof resultClause>[0]);

  it('is the metric that a run was to raise, before and after', () => {
    const metrics = (eventF1: number, think: number) => ({ metrics: { eventF1, think } });
    const measured = { base: metrics(60.61, 50), trained: metrics(71.4, 60) };
    expect(of({ ...measured, config: { checkpoints: {} } })).toBe('eventF1 60.6 -> 71.4');
    expect(of({ ...measured, config: { checkpoints: { best: { metric: 'think' } } } })).toBe('think 50.0 -> 60.0');
  });

  it('is the first number of a benchmark, the verdict of a sweep, the count of an annotation', () => {
    expect(of({ metrics: { actionF1: 20, eventF1: 71.42 } })).toBe('eventF1 71.4');
    expect(of({ suite: 'dream1k', metrics: { f1: 34.2 } })).toBe('dream1k f1 34.2');
    expect(of({ outcomes: {}, result: { verdict: ['grpo beats sft.'] } })).toBe('grpo beats sft.');
    expect(of({ review: '/r', samples: { annotated: 5, total: 9 } })).toBe('5 of 9 samples annotated');
  });
});
