import { describe, expect, it } from 'vitest';
import { samplesOf } from '../../../core/batch.ts';

const train = (length: number) => Array.from({ length }, (_, i) => `s${i}`);
const batch = (step: number, { seed = 1, round = 0 } = {}) => ({ seed, step, round, size: 4 });

describe('the samples of a step', () => {
  it('are every sample once per epoch', () => {
    const epoch = [1, 2, 3].flatMap((step) => samplesOf(train(12), batch(step)));
    expect(new Set(epoch)).toEqual(new Set(train(12)));
  });

  it('come in another order in every epoch, and for every seed', () => {
    const first = samplesOf(train(4), batch(1));
    expect(samplesOf(train(4), batch(2)).toSorted()).toEqual(first.toSorted());
    expect(samplesOf(train(4), batch(2))).not.toEqual(first);
    expect(samplesOf(train(12), batch(1, { seed: 2 }))).not.toEqual(samplesOf(train(12), batch(1)));
  });

  it('leave out a remainder that fills no batch', () => {
    expect(new Set([1, 2].flatMap((step) => samplesOf(train(10), batch(step)))).size).toBe(8);
  });

  it('are all there are when there are fewer than a step wants', () => {
    expect(samplesOf(train(3), batch(9)).toSorted()).toEqual(['s0', 's1', 's2']);
  });
});

describe('the samples of further rounds of a step', () => {
  const rounds = (length: number, step: number, seed = 1) =>
    [0, 1, 2, 3].map((round) => samplesOf(train(length), batch(step, { seed, round })));

  it('are none that the step has had, until it has had all', () => {
    for (const step of [1, 2, 7]) {
      const all = rounds(14, step);
      expect(all.map(({ length }) => length)).toEqual([4, 4, 4, 2]);
      expect(new Set(all.flat())).toEqual(new Set(train(14)));
      expect(samplesOf(train(14), batch(step, { round: 4 }))).toEqual([]);
    }
  });

  it('come after a first round that is the step of an epoch', () => {
    // What the version before there were rounds gave for {seed: 1, step, size: 4}.
    expect([1, 2, 5].map((step) => rounds(12, step)[0]!.join(' '))).toEqual([
      's7 s5 s8 s4',
      's0 s3 s11 s9',
      's0 s1 s10 s8',
    ]);
  });

  it('are the same whenever they are asked for, and others in another step and for another seed', () => {
    expect(rounds(40, 3)).toEqual(rounds(40, 3));
    expect(rounds(40, 3)[1]).not.toEqual(rounds(40, 4)[1]);
    expect(rounds(40, 3)[1]).not.toEqual(rounds(40, 3, 2)[1]);
  });

  it('are none where the split is no larger than a round', () => {
    expect(rounds(3, 1).map(({ length }) => length)).toEqual([3, 0, 0, 0]);
  });
});
