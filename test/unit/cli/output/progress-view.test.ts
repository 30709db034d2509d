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
  it('shows step, reward, KL and ETA', () => {
    expect(progressLine(status(numbers))).toBe('step 12/40   reward 1.93   KL 0.0123   4.1 s/step   ETA 1 min 56 s');
  });

  it('shows the loss where there is no reward', () => {
    expect(progressLine(status({ loss: 0.43218 }))).toBe('step 12/40   loss 0.4322');
    expect(progressLine(status({ loss: 0.43218, rewardMean: 1 }))).toBe('step 12/40   reward 1.00');
  });

  it('shows the stage where that is not one of a step', () => {
    expect(progressLine(status({ stage: 'dataset', step: 0 }))).toBe('step 0/40   dataset');
    expect(progressLine(status({ ...numbers, stage: 'benchmark', step: 40 }))).toBe(
      'step 40/40   reward 1.93   KL 0.0123   4.1 s/step   benchmark',
    );
  });

  it('shows the part of a round, in every step', () => {
    const part = { number: 2, of: 4 };
    expect(progressLine(status({ stage: 'rollout', step: 12, part }))).toBe('step 12/40   rollout, part 2 of 4');
  });

  it('counts the updates that were not made', () => {
    expect(progressLine(status({ ...numbers, step: 12, stage: 'rollout', skippedUpdates: 2 }))).toContain(
      '2 updates skipped',
    );
  });

  it('counts no steps where there are none', () => {
    expect(progressLine(status({ stage: 'benchmark', step: 0, totalSteps: 0 }))).toBe('benchmark');
  });
});

describe('LineView', () => {
  it('shows every outage, where several services are away at once', () => {
    const lines: string[] = [];
    const view = new LineView((line) => lines.push(line));
    const [waiting, reward] = ['The judge is away', 'The reward server is away'].map((why) => ({ why, since: 0 }));
    view.show(status({ step: 2, stage: 'scoring', waiting: waiting!, alsoWaiting: [reward!] }));
    expect(lines.slice(1)).toEqual([
      expect.stringContaining('The judge is away'),
      expect.stringContaining('The reward server is away'),
    ]);
  });

  it('says why a run waits after an update that was not finite, once', () => {
    const lines: string[] = [];
    const view = new LineView((line) => lines.push(line));
    const waits = status({ step: 2, stage: 'paused: not finite', notFinite: 'In step 3 the loss is NaN.' });
    for (let i = 0; i < 2; i++) view.show(waits);
    expect(lines).toEqual(['  step 2/40   paused: not finite', '  In step 3 the loss is NaN.']);
  });

  it('shows once what a user should know: fork, samples set aside, signs of collapse, what was asked', () => {
    const lines: string[] = [];
    const view = new LineView((line) => lines.push(line));
    const known = {
      forkedFrom: { run: 'parent-1', step: 9, sameBenchmark: false },
      setAside: { samples: 3, of: 240 },
    };
    const collapse = [{ kind: 'length' as const, step: 10, sentence: 'completions grew' }];
    view.show(status({ step: 10, ...known }));
    view.show(status({ step: 10, ...known, collapse }));
    view.show(status({ step: 10, ...known, collapse, asked: 'stop' }));
    expect(lines).toEqual([
      '  step 10/40',
      '  Forked from step 9 of parent-1; its benchmark is another one, so the base policy was measured again.',
      '  3 of 240 samples were set aside (the report lists them with their reasons).',
      '  WARNING: The policy may have collapsed (step 10): completions grew.',
      '  step 10/40   stops after this step',
    ]);
  });

  it('warns once of each part of a run that has become another one', () => {
    const lines: string[] = [];
    const view = new LineView((line) => lines.push(line));
    const warnings = ['the judge changed', 'the engine changed'].map((sentence) => ({
      ...{ part: 'judge' as const, step: 3, sentence },
    }));
    for (const count of [0, 1, 1, 2]) view.show(status({ identity: { seen: {}, warnings: warnings.slice(0, count) } }));
    expect(lines.slice(1)).toEqual(['  WARNING: the judge changed.', '  WARNING: the engine changed.']);
  });

  it('says again what blocks a run that was blocked by the same before', () => {
    const lines: string[] = [];
    const view = new LineView((line) => lines.push(line));
    const blocked = status({ stage: 'paused: judge', blocked: 'Set the key.' });
    for (const each of [blocked, blocked, status({}), blocked]) view.show(each);
    expect(lines.filter((line) => line.includes('Set the key.'))).toHaveLength(2);
  });

  it('shows why the run waits for the judge, and since when, once for each reason', () => {
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
