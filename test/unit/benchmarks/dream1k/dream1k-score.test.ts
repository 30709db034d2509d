import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipScore } from '../../../../benchmarks/autodq.ts';
import {
  bucketScores,
  categoryScores,
  type Dream1kClip,
  overallScore,
} from '../../../../benchmarks/dream1k/dream1k-score.ts';

const clip = (category: string, recall: number, precision: number, rest: Partial<Dream1kClip> = {}): Dream1kClip => ({
  category,
  recall,
  precision,
  ...rest,
});

describe('DREAM-1K, by hand from the published definition', () => {
  // Two clips of youtube, one of videvo: the overall score is a mean of categories, not of clips.
  const clips = [clip('youtube', 1 / 2, 1), clip('youtube', 1 / 4, 1 / 2), clip('videvo', 1, 1 / 4)];

  it('F1 of a category is that of its mean recall and precision', () => {
    const scores = categoryScores(clips);
    expect([...scores.keys()]).toEqual(['videvo', 'youtube']);
    // youtube: R = (1/2 + 1/4) / 2 = 3/8, P = (1 + 1/2) / 2 = 3/4, F1 = 2 * 9/32 / (9/8) = 1/2.
    expect(scores.get('youtube')).toEqual({ recall: 0.375, precision: 0.75, f1: 0.5, clips: 2 });
    // videvo: R = 1, P = 1/4, F1 = 2 * 1/4 / (5/4) = 2/5.
    expect(scores.get('videvo')).toEqual({ recall: 1, precision: 0.25, f1: 0.4, clips: 1 });
  });

  it('the overall score is made of the means over categories', () => {
    // R = (3/8 + 1) / 2 = 11/16, P = (3/4 + 1/4) / 2 = 1/2, F1 = 2 * 11/32 / (19/16) = 11/19.
    const { recall, precision, f1 } = overallScore(clips);
    expect(recall).toBe(11 / 16);
    expect(precision).toBe(1 / 2);
    expect(f1).toBeCloseTo(11 / 19, 12);
  });

  it("reproduces the overall row of Tarsier2-Recap-7B from its categories' rows, as the authors print them", () => {
    const rows = [
      clip('movie_animation', 0.355, 0.374),
      clip('movie_live_action', 0.448, 0.437),
      clip('vertical_video', 0.379, 0.486),
      clip('videvo', 0.471, 0.439),
      clip('youtube', 0.323, 0.365),
    ];
    // They print 0.443 for movie_live_action, from numbers that are not rounded yet.
    const f1 = [...categoryScores(rows).values()].map((row) => row.f1.toFixed(3));
    expect(f1).toEqual(['0.364', '0.442', '0.426', '0.454', '0.343']);
    const overall = overallScore(rows);
    expect(overall.recall).toBeCloseTo(0.395, 3);
    expect(overall.precision).toBeCloseTo(0.42, 3);
    expect(overall.f1).toBeCloseTo(0.407, 3);
  });

  it('nothing right at all is 0, where the published code divides by zero', () => {
    const none = clipScore({ events: 3, entailed: 0, claims: 2, entailedClaims: 0 });
    expect(overallScore([clip('videvo', none.recall, none.precision)])).toEqual({ recall: 0, precision: 0, f1: 0 });
  });

  it('a reference without events gives recall 1, a caption without events precision 1', () => {
    expect(clipScore({ events: 0, entailed: 0, claims: 2, entailedClaims: 0 })).toEqual({ recall: 1, precision: 0 });
    expect(clipScore({ events: 2, entailed: 0, claims: 0, entailedClaims: 0 })).toEqual({ recall: 0, precision: 1 });
  });

  it('no clip at all has no score', () => {
    expect(overallScore([])).toEqual({ recall: Number.NaN, precision: Number.NaN, f1: Number.NaN });
  });
});

describe('buckets', () => {
  it('are those of the authors, over all categories together', () => {
    const clips = [0, 3, 4, 5, 6, 7, 8, 10].map((events, i) => clip(`c${i % 2}`, events / 10, 1, { events }));
    const scores = bucketScores(clips, 'events');
    expect(scores.map(({ label, clips: count }) => [label, count])).toEqual([
      ['<= 3', 2],
      ['4-5', 2],
      ['6-7', 2],
      ['>= 8', 2],
    ]);
    expect(scores.map(({ recall }) => recall.toFixed(2))).toEqual(['0.15', '0.45', '0.65', '0.90']);
  });

  it.each([
    ['subjects', [0, 1, 2, 3, 4, 9]],
    ['shots', [0, 1, 2, 3, 4, 9]],
  ] as const)('%s: <= 1, 2, 3, >= 4', (by, numbers) => {
    const clips = numbers.map((number) => clip('videvo', 1, 1, { [by]: number }));
    expect(bucketScores(clips, by).map((bucket) => bucket.clips)).toEqual([2, 1, 1, 2]);
  });

  it('a clip whose file does not say stands in none', () => {
    expect(
      bucketScores([clip('videvo', 1, 1)], 'shots').every(({ clips, f1 }) => clips === 0 && Number.isNaN(f1)),
    ).toBe(true);
  });

  it('every clip with a whole number is in exactly one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12)), (numbers) => {
        const clips = numbers.map((events) => clip('videvo', 1, 1, { events }));
        expect(bucketScores(clips, 'events').reduce((sum, bucket) => sum + bucket.clips, 0)).toBe(numbers.length);
      }),
    );
  });
});

it('the order of clips does not matter', () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  const clips = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), score, score), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(clips, (rows) => {
      const forwards = overallScore(rows.map(([category, r, p]) => clip(category, r, p)));
      const backwards = overallScore(rows.toReversed().map(([category, r, p]) => clip(category, r, p)));
      expect(backwards.f1).toBeCloseTo(forwards.f1, 9);
    }),
  );
});
