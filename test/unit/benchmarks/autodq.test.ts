import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clipScore, suiteScore } from '../../../benchmarks/autodq.ts';

describe('clipScore: AutoDQ of one clip', () => {
  test.each([
    ['2 of 4 events told, 1 of 3 claims true', { events: 4, entailed: 2, claims: 3, entailedClaims: 1 }, 0.5, 1 / 3],
    ['all neutral', { events: 3, entailed: 0, claims: 2, entailedClaims: 0 }, 0, 0],
    [
      'no events in the reference: the empty list gives 1',
      { events: 0, entailed: 0, claims: 2, entailedClaims: 0 },
      1,
      0,
    ],
    [
      'no events in the caption: the empty list gives 1',
      { events: 3, entailed: 0, claims: 0, entailedClaims: 0 },
      0,
      1,
    ],
    ['no events at all', { events: 0, entailed: 0, claims: 0, entailedClaims: 0 }, 1, 1],
  ])('%s', (_, counts, recall, precision) => {
    expect(clipScore(counts)).toEqual({ recall, precision });
  });
});

describe('suiteScore: AutoDQ of a suite', () => {
  test('F1 is that of the means, not the mean of the clips', () => {
    const score = suiteScore([
      { recall: 1, precision: 0.5 },
      { recall: 0, precision: 0.5 },
    ]);
    // R = 0.5, P = 0.5, F1 = 0.5; the mean of the clips' own F1 would be (2/3 + 0) / 2 = 1/3.
    expect(score).toEqual({ recall: 0.5, precision: 0.5, f1: 0.5 });
  });

  test('by hand: R = (1 + 0.25 + 0.4) / 3 = 0.55, P = (0.8 + 0.5 + 0.2) / 3 = 0.5', () => {
    const score = suiteScore([
      { recall: 1, precision: 0.8 },
      { recall: 0.25, precision: 0.5 },
      { recall: 0.4, precision: 0.2 },
    ]);
    expect(score.recall).toBeCloseTo(0.55, 12);
    expect(score.precision).toBeCloseTo(0.5, 12);
    expect(score.f1).toBeCloseTo((2 * 0.55 * 0.5) / 1.05, 12);
  });

  test('R = P = 0 gives 0, no clips give no number', () => {
    expect(suiteScore([{ recall: 0, precision: 0 }]).f1).toBe(0);
    expect(suiteScore([]).f1).toBeNaN();
  });

  test('is between the smaller and the larger of the means, in any order of clips', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.record({ recall: share, precision: share }), { minLength: 1, maxLength: 20 }),
        (clips) => {
          const { recall, precision, f1 } = suiteScore(clips);
          expect(f1).toBeGreaterThanOrEqual(Math.min(recall, precision) - 1e-9);
          expect(f1).toBeLessThanOrEqual(Math.max(recall, precision) + 1e-9);
          expect(suiteScore([...clips].reverse()).f1).toBeCloseTo(f1, 9);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});
