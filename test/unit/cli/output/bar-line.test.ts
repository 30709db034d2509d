import { describe, expect, it } from 'vitest';
import { barLine } from '../../../../cli/output/bar-line.ts';
import type { RunStatus } from '../../../../contracts/run-status.ts';

const status = (change: Partial<RunStatus> = {}): RunStatus => ({
  ...{ stage: 'scoring', step: 12, totalSteps: 60, paused: false, evaluations: [] },
  ...{ rewardMean: 1.926, kl: 0.01234, secondsPerStep: 104.14, etaSeconds: 35_115 },
  ...change,
});

describe('barLine', () => {
  it('has a bar of the steps that are done, the numbers and the end, in 80 columns', () => {
    const line = barLine(status(), 80);
    expect(line).toBe('  ████░░░░░░░░░░░░░░░░ 12/60  scoring    reward 1.93  KL 0.0123  ETA 9 h 45 min');
    expect(line.length).toBeLessThan(80);
    expect(barLine(status(), 0)).toBe(line);
  });

  it('counts no steps, and draws no bar, before the config is known', () => {
    expect(barLine(status({ stage: 'dataset', step: 0, totalSteps: 0 }), 80)).toBe('  dataset');
  });

  it('is empty at the start and full at the end', () => {
    const bar = (step: number) =>
      barLine({ ...status(), step }, 120)
        .trimStart()
        .split(' ')[0];
    expect([bar(0), bar(30), bar(60)]).toEqual(['░'.repeat(24), '█'.repeat(12) + '░'.repeat(12), '█'.repeat(24)]);
  });

  it('leaves out numbers where a terminal is narrow, never step, stage, end and what was asked', () => {
    expect(barLine(status(), 60)).toBe('  ██░░░░░░░░░ 12/60  scoring    reward 1.93  ETA 9 h 45 min');
    expect(barLine(status({ asked: 'stop' }), 72)).toBe(
      '  ███░░░░░░░░░░ 12/60  scoring    ETA 9 h 45 min  stops after this step',
    );
  });

  it.each([20, 40, 60, 72, 80, 100, 200])('fits into %d columns, with one to spare', (columns) => {
    const part = { number: 2, of: 14 };
    for (const each of [status(), status({ part, asked: 'pause' }), status({ skippedUpdates: 3, totalSteps: 10_000 })])
      expect(barLine(each, columns).length).toBeLessThan(columns);
  });
});
