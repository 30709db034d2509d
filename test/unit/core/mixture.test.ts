import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { samplesOf } from '../../../core/batch.ts';
import { mixedSamplesOf, sharesAt, trainingSamples } from '../../../core/mixture.ts';
import type { Sample } from '../../../core/sample.ts';

const source = (name: string, count: number, weight: number) => ({
  samples: Array.from({ length: count }, (_, i) => `${name}${i}`),
  weight,
});
const batch = (step: number, { seed = 1, round = 0, size = 8 } = {}) => ({ seed, step, round, size });
const countOf = (name: string, samples: readonly string[]) => samples.filter((each) => each.startsWith(name)).length;

describe('the shares of a batch', () => {
  it('are the exact ones rounded down or up, and add up to the batch', () => {
    const weights = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 6 });
    const offset = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 256 }), offset, (weights, size, offset) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const shares = sharesAt(weights, size, offset);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(size);
        for (const [i, share] of shares.entries()) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(Math.abs(share - (size * weights[i]!) / total)).toBeLessThan(1 + 1e-6);
        }
      }),
    );
  });
});

describe('samples of mixed sources', () => {
  it('hold the proportions of the weights over any number of steps, whatever the sources’ sizes', () => {
    const weight = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(weight, weight, fc.nat(), fc.integer({ min: 1, max: 60 }), (a, b, seed, steps) => {
        const sources = [source('a', 9, a), source('b', 40, b)];
        const drawn = Array.from({ length: steps }, (_, i) => mixedSamplesOf(sources, batch(i + 1, { seed }))).flat();
        expect(drawn).toHaveLength(8 * steps);
        expect(Math.abs(countOf('a', drawn) - (8 * steps * a) / (a + b))).toBeLessThan(4);
      }),
      { numRuns: 50 },
    );
  });

  it('are no sample twice in a step, over all its rounds, until it has had all', () => {
    const sources = [source('a', 5, 3), source('b', 12, 1)];
    for (const step of [1, 2, 9]) {
      const rounds = [0, 1, 2, 3].map((round) => mixedSamplesOf(sources, batch(step, { round })));
      expect(rounds.map(({ length }) => length)).toEqual([8, 8, 1, 0]);
      expect(new Set(rounds.flat()).size).toBe(17);
    }
  });

  it('are every sample of a source about equally often', () => {
    const sources = [source('a', 6, 1), source('b', 30, 1)];
    const drawn = Array.from({ length: 90 }, (_, i) => mixedSamplesOf(sources, batch(i + 1))).flat();
    const times = [...new Set(drawn)].map((sample) => drawn.filter((each) => each === sample).length);
    expect(times).toHaveLength(36);
    const [a, b] = [360 / 6, 360 / 30];
    for (const sample of new Set(drawn)) {
      const count = drawn.filter((each) => each === sample).length;
      expect(Math.abs(count - (sample.startsWith('a') ? a : b))).toBeLessThanOrEqual(
        0.2 * (sample.startsWith('a') ? a : b),
      );
    }
  });

  it('fill a batch from the others where a source has fewer samples than its share', () => {
    const drawn = mixedSamplesOf([source('a', 2, 1), source('b', 20, 1)], batch(3));
    expect([countOf('a', drawn), countOf('b', drawn)]).toEqual([2, 6]);
    expect(mixedSamplesOf([source('a', 1, 1), source('b', 2, 5)], batch(3)).toSorted()).toEqual(['a0', 'b0', 'b1']);
  });

  it('are a function of seed and place', () => {
    const sources = [source('a', 20, 1), source('b', 20, 2)];
    expect(mixedSamplesOf(sources, batch(7))).toEqual(mixedSamplesOf(sources, batch(7)));
    expect(mixedSamplesOf(sources, batch(7))).not.toEqual(mixedSamplesOf(sources, batch(8)));
    expect(mixedSamplesOf(sources, batch(7))).not.toEqual(mixedSamplesOf(sources, batch(7, { seed: 2 })));
  });
});

it('without sources, the samples of a round are those of one data set', () => {
  const train = Array.from({ length: 20 }, (_, i) => ({ id: `s${i}`, video: {}, caption: '' }) as unknown as Sample);
  for (const round of [0, 1])
    expect(trainingSamples({ train }, batch(4, { round }))).toEqual(samplesOf(train, batch(4, { round })));
  const sources = [
    { name: 'a', weight: 1, samples: 5 },
    { name: 'b', weight: 3, samples: 15 },
  ];
  const drawn = trainingSamples({ train, sources }, batch(1));
  expect(drawn.filter((sample) => train.indexOf(sample) < 5)).toHaveLength(2);
});
