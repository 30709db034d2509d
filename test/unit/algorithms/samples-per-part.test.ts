import { describe, expect, it } from 'vitest';
import { GrpoConfig } from '../../../algorithms/grpo.ts';
import { GspoConfig } from '../../../algorithms/gspo.ts';
import { partsFault, partsOf } from '../../../algorithms/samples-per-part.ts';
import { SftConfig } from '../../../algorithms/sft.ts';
import { roundSize, samplesOf } from '../../../core/batch.ts';
import { mixedSamplesOf } from '../../../core/mixture.ts';

const grpo = (samplesPerStep: number, samplesPerPart?: number) => GrpoConfig.parse({ samplesPerStep, samplesPerPart });

describe('the parts of a round', () => {
  it('are one where the config names none, and none of an algorithm that samples nothing', () => {
    expect(partsOf(8, grpo(8))).toEqual([{ from: 0, count: 8 }]);
    expect(partsOf(8, SftConfig.parse({ kind: 'sft' }))).toEqual([{ from: 0, count: 8 }]);
    expect(GrpoConfig.parse({})).not.toHaveProperty('samplesPerPart');
  });

  it.each([
    [8, 4, [4, 4]],
    [8, 3, [3, 3, 2]],
    [2, 1, [1, 1]],
    [4, 9, [4]],
  ])('of %i samples by %i have %j', (samples, size, counts) => {
    const parts = partsOf(samples, grpo(samples, size));
    expect(parts.map(({ count }) => count)).toEqual(counts);
    const all = Array.from({ length: samples }, (_, i) => i);
    expect(parts.flatMap(({ from, count }) => all.slice(from, from + count))).toEqual(all);
  });

  it('are the same for GSPO', () => {
    const gspo = GspoConfig.parse({ kind: 'gspo', samplesPerStep: 8, samplesPerPart: 3 });
    expect(partsOf(8, gspo)).toEqual(partsOf(8, grpo(8, 3)));
  });

  it('may be 100 a step over all its rounds', () => {
    expect(partsFault(grpo(100, 1), 1)).toBeUndefined();
    expect(partsFault(grpo(1024), 100)).toBeUndefined();
    expect(partsFault(grpo(101, 1), 1)).toContain('set at least 2,');
    expect(partsFault(grpo(8, 2), 50)).toContain('set at least 4,');
    expect(partsFault(grpo(8, 4), 50)).toBeUndefined();
  });
});

it.each([
  [10, 4],
  [3, 4],
  [8, 4],
])('a round of a split of %i has as many samples as it draws', (train, size) => {
  const split = Array.from({ length: train }, (_, i) => i);
  const sources = [
    { samples: split.slice(0, 2), weight: 9 },
    { samples: split.slice(2), weight: 1 },
  ];
  for (let round = 0; round * Math.min(size, train) < train; round++) {
    const batch = { seed: 1, step: 2, round, size };
    expect(roundSize(train, batch)).toBe(samplesOf(split, batch).length);
    expect(roundSize(train, batch)).toBe(mixedSamplesOf(sources, batch).length);
  }
});
