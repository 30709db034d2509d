import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CollapseConfig } from '../../../configs/collapse-config.ts';
import type { CollapseWatch } from '../../../contracts/collapse.ts';
import { NOTHING_WATCHED, watchEvaluation, watchStep } from '../../../workflows/collapse.ts';

interface Row {
  step: number;
  /** Of a training step's record. */
  metrics?: Record<string, number>;
  /** Of a held-out benchmark. */
  eval?: Record<string, number>;
}

function watched(rows: readonly Row[], config: object = {}, mode: 'max' | 'min' = 'max'): CollapseWatch {
  const parsed = CollapseConfig.parse(config);
  return rows.reduce<CollapseWatch>((watch, { step, metrics, eval: measured }) => {
    if (measured) return watchEvaluation(watch, { step, metrics: measured }, { metric: 'eventF1', mode }, parsed);
    return watchStep(watch, { step, metrics: metrics! }, parsed);
  }, NOTHING_WATCHED);
}
const kindsOf = (rows: readonly Row[], config?: object, mode?: 'max' | 'min') =>
  watched(rows, config, mode).warnings.map(({ kind, step }) => [kind, step]);

const HEALTHY = {
  'reward/mean': 2,
  'train/completionLength': 40,
  'train/distinctCaptions': 1,
  'reward/uniformShare': 0,
};
const steps = (count: number, metrics: (step: number) => Record<string, number>): Row[] =>
  Array.from({ length: count }, (_, i) => ({ step: i + 1, metrics: { ...HEALTHY, ...metrics(i + 1) } }));
const measured = (step: number, eventF1: number, more: object = {}): Row => ({
  step,
  eval: { eventF1, eventF1Low: eventF1 - 8, eventF1High: eventF1 + 8, distinctCaptions: 90, clips: 100, ...more },
});

describe('recorded runs', () => {
  const folder = fileURLToPath(new URL('../../fixtures/collapse/', import.meta.url));
  const recorded = (name: string) => JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as Row[];
  const names = readdirSync(folder);

  it.each(names.filter((name) => name.startsWith('quickstart-')))('a healthy one gives no warning: %s', (name) => {
    const rows = recorded(name);
    expect(rows.filter(({ metrics }) => metrics)).toHaveLength(60);
    expect(kindsOf(rows)).toEqual([]);
  });

  it.each(names.filter((name) => name.startsWith('hacked-')))(
    'one whose reward looks at the length alone gives a warning within 20 steps: %s',
    (name) => {
      const found = kindsOf(recorded(name));
      expect(found).not.toEqual([]);
      expect(Math.max(...found.map(([, step]) => step as number))).toBeLessThanOrEqual(20);
    },
  );
});

describe('captions that are all alike', () => {
  it('are seen in training, after five steps', () => {
    const watch = watched(steps(7, () => ({ 'train/distinctCaptions': 0.1 })));
    expect(watch.warnings).toEqual([
      {
        ...{ kind: 'distinctCaptions', step: 5 },
        sentence:
          'different videos get the same captions: 10 % of them differ, below collapse.minDistinctCaptions (20 %)',
      },
    ]);
  });

  it('are seen on the held-out videos, and reported once', () => {
    expect(kindsOf([measured(10, 50, { distinctCaptions: 15 }), measured(20, 50, { distinctCaptions: 1 })])).toEqual([
      ['distinctCaptions', 10],
    ]);
  });

  it('are not seen in one step, at the threshold, or among a handful of videos', () => {
    expect(kindsOf(steps(9, (step) => ({ 'train/distinctCaptions': step === 5 ? 0 : 1 })))).toEqual([]);
    expect(kindsOf(steps(9, () => ({ 'train/distinctCaptions': 0.2 })))).toEqual([]);
    expect(kindsOf([measured(0, 50, { distinctCaptions: 25, clips: 4 })])).toEqual([]);
  });
});

describe('the length of completions', () => {
  it.each([
    [70, '75 % longer'],
    [16, '60 % shorter'],
  ])('is compared with the first steps: %i tokens', (length, change) => {
    const rows = steps(20, (step) => ({ 'train/completionLength': step <= 8 ? 40 : length }));
    const [warning] = watched(rows).warnings;
    expect(warning).toMatchObject({ kind: 'length', sentence: expect.stringContaining(change.split(' ')[1]!) });
    expect(warning!.step).toBeLessThanOrEqual(13);
    expect(kindsOf(rows, { maxLengthChange: 2 })).toEqual([]);
  });

  it('may differ from step to step as samples do', () => {
    expect(kindsOf(steps(40, (step) => ({ 'train/completionLength': step % 2 === 0 ? 30 : 55 })))).toEqual([]);
  });
});

describe('groups without differences', () => {
  it('are reported after five steps, by their mean', () => {
    expect(kindsOf(steps(5, () => ({ 'reward/uniformShare': 0.95 })))).toEqual([['uniformGroups', 5]]);
    expect(kindsOf(steps(4, () => ({ 'reward/uniformShare': 1 })))).toEqual([]);
    expect(kindsOf(steps(20, (step) => ({ 'reward/uniformShare': step % 5 === 0 ? 0.875 : 1 })))).toEqual([
      ['uniformGroups', 5],
    ]);
    expect(kindsOf(steps(20, (step) => ({ 'reward/uniformShare': step % 2 === 0 ? 0.75 : 1 })))).toEqual([]);
    expect(
      kindsOf(
        steps(4, () => ({ 'reward/uniformShare': 1 })),
        { uniformSteps: 3 },
      ),
    ).toEqual([['uniformGroups', 3]]);
  });
});

describe('a training reward that rises while the held-out metric falls', () => {
  const rising = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => ({
      step: from + i,
      metrics: { ...HEALTHY, 'reward/mean': 1 + (from + i) / 20 },
    }));

  it('is reported with both, against the best benchmark so far, which need not be the first', () => {
    const rows = [measured(0, 50), ...rising(1, 10), measured(10, 60), ...rising(11, 20), measured(20, 51)];
    expect(watched(rows).warnings).toEqual([
      {
        ...{ kind: 'heldOut', step: 20 },
        sentence:
          'the training reward rose from 1.4 to 1.9, while eventF1 on the held-out videos went from 60.0 at ' +
          'step 10 to 51.0',
      },
    ]);
  });

  it('is reported from the first benchmark after the start', () => {
    expect(kindsOf([measured(0, 50), ...rising(1, 10), measured(10, 41)])).toEqual([['heldOut', 10]]);
  });

  it('is not reported within the 95% interval, nor where the reward falls too, nor where there is none (SFT)', () => {
    expect(kindsOf([measured(0, 50), ...rising(1, 10), measured(10, 42.5)])).toEqual([]);
    const falling = steps(10, (step) => ({ 'reward/mean': 2 - step / 20 }));
    expect(kindsOf([measured(0, 50), ...falling, measured(10, 30)])).toEqual([]);
    expect(kindsOf([measured(0, 50), measured(10, 30)])).toEqual([]);
  });

  it('knows metrics of which less is better, and those without an interval', () => {
    const bare = (step: number, eventF1: number): Row => ({ step, eval: { eventF1 } });
    // With one earlier benchmark nothing says how much the metric's noise is.
    expect(kindsOf([bare(0, 50), ...rising(1, 10), bare(10, 61)], {}, 'min')).toEqual([['heldOut', 10]]);
    expect(kindsOf([bare(0, 50), ...rising(1, 10), bare(10, 59)], {}, 'min')).toEqual([]);
    expect(kindsOf([bare(0, 50), ...rising(1, 10), bare(10, 39)])).toEqual([['heldOut', 10]]);
  });
});

it('remembers little, however long the run is', () => {
  const watch = watched(steps(5000, () => ({})));
  expect([watch.first.length, watch.recent.length, watch.warnings.length]).toEqual([3, 5, 0]);
});
