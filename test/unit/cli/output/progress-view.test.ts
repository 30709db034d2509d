import { describe, expect, it } from 'vitest';
import { LineView, progressLine } from '../../../../cli/output/progress-view.ts';
import type { RunStatus } from '../../../../contracts/run-status.ts';

const status = (change: Partial<RunStatus>): RunStatus => ({
  stage: 'rollout',
  step: 12,
  totalSteps: 40,
  paused: false,
  evaluations: [],
  ...change,
});
const numbers = { rewardMean: 1.926, kl: 0.01234, secondsPerStep: 4.14, etaSeconds: 115.9 };

describe('progressLine', () => {
  it('tells step, reward, KL and ETA', () => {
    expect(progressLine(status(numbers))).toBe('step 12/40   reward 1.93   KL 0.0123   4.1 s/step   ETA 1 min 56 s');
  });

  it('tells the stage where that is not one of a step', () => {
    expect(progressLine(status({ stage: 'dataset', step: 0 }))).toBe('step 0/40   dataset');
    expect(progressLine(status({ ...numbers, stage: 'benchmark', step: 40 }))).toBe(
      'step 40/40   reward 1.93   KL 0.0123   4.1 s/step   benchmark',
    );
  });

  it('counts no steps where there are none', () => {
    expect(progressLine(status({ stage: 'benchmark', step: 0, totalSteps: 0 }))).toBe('benchmark');
  });
});

describe('LineView', () => {
  it('says what the judge is waited for, and since when, once for each reason', () => {
    const lines: string[] = [];
    const view = new LineView((line) => lines.push(line));
    const since = Date.UTC(2026, 10, 29, 22, 4, 10);
    const away = { why: 'The judge at http://j/v1 has an internal error (status 500)', since };
    view.show(status({ stage: 'scoring', waiting: away }));
    view.show(status({ stage: 'scoring', waiting: away }));
    const blocked = 'The judge at http://j/v1 refuses the key: set another, then `videocap resume`.';
    view.show(status({ stage: 'paused: judge', blocked, waiting: { why: blocked, since } }));
    expect(lines).toEqual([
      '  step 12/40',
      `  waiting for the judge: ${away.why}, since 2026-11-29 22:04:10 UTC`,
      '  step 12/40   paused: judge',
      '  waiting for the judge: The judge at http://j/v1 refuses the key: set another, since 2026-11-29 22:04:10 UTC',
      `  ${blocked}`,
    ]);
  });

  it('writes a line a step, and one for each stage outside the steps', () => {
    const lines: string[] = [];
    const view = new LineView((line) => lines.push(line));
    view.show(status({ step: 0, stage: 'dataset' }));
    view.show(status({ step: 0, stage: 'dataset' }));
    view.show(status({ step: 0, stage: 'rollout' }));
    view.show(status({ step: 1, stage: 'rollout' }));
    view.show(status({ step: 1, stage: 'update' }));
    view.show(status({ step: 1, stage: 'benchmark' }));
    view.note('a word');
    expect(lines).toEqual([
      '  step 0/40   dataset',
      '  step 0/40   rollout',
      '  step 1/40',
      '  step 1/40   benchmark',
      '  a word',
    ]);
  });
});
