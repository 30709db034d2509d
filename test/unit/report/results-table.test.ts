import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import type { Difference } from '../../../benchmarks/held-out.ts';
import type { Evaluation } from '../../../contracts/run-results.ts';
import { judged, resultsTable } from '../../../report/results-table.ts';

const ref = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
const evaluation = (step: number, metrics: Record<string, number>): Evaluation => ({
  ...{ step, metrics, captions: ref, details: ref, judge: { model: 'm', prompts: [] } },
  policy: { model: 'tiny', step, weights: ref },
});
const text = (...args: [Evaluation, Evaluation | undefined, Record<string, Difference>]) => {
  const { document } = parseHTML(`<html><body>${resultsTable(...args, 'Judge: m; prompts: p.v1').text}</body></html>`);
  const rows = [...document.querySelectorAll('tbody tr')];
  return {
    rows: rows.map((row) => [...row.querySelectorAll('.number')].map((cell) => cell.textContent)),
    document,
    note: document.querySelector('.note')!.textContent,
  };
};

describe('resultsTable', () => {
  const base = evaluation(0, { eventF1: 41.24, eventF1Low: 37, eventF1High: 45, clips: 100, unscorable: 0 });
  const trained = evaluation(40, { eventF1: 48.36, eventF1Low: 44, eventF1High: 52.5, clips: 100, unscorable: 2 });

  it('has both policies with intervals and their paired difference', () => {
    const { rows } = text(base, trained, { eventF1: { difference: 7.12, low: 3.1, high: 11.5 } });
    expect(rows).toEqual([['41.237.0–45.0', '48.444.0–52.5', '+7.1+3.1 to +11.5']]);
  });

  it('has one column for a policy that was not trained', () => {
    const { rows, document } = text(base, undefined, {});
    expect(rows).toEqual([['41.237.0–45.0']]);
    expect(document.querySelectorAll('thead th')).toHaveLength(3);
  });

  it('has a difference without interval where nothing is paired', () => {
    expect(text(base, trained, {}).rows[0]![2]).toBe('+7.1');
  });

  it('says what was left out', () => {
    const { note } = text(evaluation(0, { eventF1: 1, clips: 100, unscorable: 3 }), trained, {});
    expect(note).toContain('100 held-out videos');
    expect(note).toContain('At step 0 the judge could not score 3, which are in no mean.');
    expect(note).toContain('At step 40 the judge could not score 2, which are in no mean.');
    expect(note).toContain('Judge: m; prompts: p.v1.');
  });
});

describe('judged', () => {
  it.each([
    [0.1, 9, 'better'],
    [-9, -0.1, 'worse'],
    [-0.1, 9, 'unclear'],
    [0, 9, 'unclear'],
    [0, 0, 'unclear'],
  ])('an interval from %d to %d is %s', (low, high, verdict) => {
    expect(judged({ difference: 1, low, high })).toBe(verdict);
  });
});
