import { describe, expect, it } from 'vitest';
import { samplesOf } from '../../../core/batch.ts';

const train = (length: number) => Array.from({ length }, (_, i) => `s${i}`);
const batch = (step: number, seed = 1) => ({ seed, step, size: 4 });

describe('the samples of a step', () => {
  it('are every sample once per epoch', () => {
    const epoch = [1, 2, 3].flatMap((step) => samplesOf(train(12), batch(step)));
    expect(new Set(epoch)).toEqual(new Set(train(12)));
  });

  it('come in another order in every epoch, and for every seed', () => {
    const first = samplesOf(train(4), batch(1));
    expect(samplesOf(train(4), batch(2)).toSorted()).toEqual(first.toSorted());
    expect(samplesOf(train(4), batch(2))).not.toEqual(first);
    expect(samplesOf(train(12), batch(1, 2))).not.toEqual(samplesOf(train(12), batch(1)));
  });

  it('leave out a remainder that fills no batch', () => {
    expect(new Set([1, 2].flatMap((step) => samplesOf(train(10), batch(step)))).size).toBe(8);
  });

  it('are all there are when there are fewer than a step wants', () => {
    expect(samplesOf(train(3), batch(9)).toSorted()).toEqual(['s0', 's1', 's2']);
  });
});
