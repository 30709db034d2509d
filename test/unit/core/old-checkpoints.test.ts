import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oldCheckpoints } from '../../../core/old-checkpoints.ts';

/** The weights and optimiser states that lie there after so many steps of a run; `best`: steps that beat all before. */
function files(
  steps: number,
  { keepEvery = 0, every = 0, best = [] }: { keepEvery?: number; every?: number; best?: readonly number[] },
): { weights: number[]; optimizer: number[] } {
  const weights = new Set<number>();
  const optimizer = new Set<number>();
  for (let step = 1; step <= steps; step++) {
    weights.add(step);
    optimizer.add(step);
    const referenceStep = referenceOf(step - 1, every);
    const keep = best.filter((one) => one < step).slice(-2);
    for (const old of oldCheckpoints(step, { keepEvery, keep, refreshReferenceEvery: every, referenceStep })) {
      if (old.weights) weights.delete(old.step);
      optimizer.delete(old.step);
    }
  }
  return { weights: [...weights], optimizer: [...optimizer] };
}

/** The step of the reference policy of the state after a step; 0: the start policy. */
function referenceOf(step: number, every: number): number {
  return every === 0 ? 0 : step - (step % every);
}

describe('the checkpoints that stay after step 9', () => {
  test.each([
    ['are the last two', {}, [8, 9], [8, 9]],
    ['and those of keepEvery', { keepEvery: 4 }, [4, 8, 9], [4, 8, 9]],
    ['and the weights of the reference policy', { every: 5 }, [5, 8, 9], [8, 9]],
    ['and of those that kept checkpoints are trained against', { keepEvery: 4, every: 3 }, [3, 4, 6, 8, 9], [4, 8, 9]],
    [
      'and all that were the best when they were measured',
      { best: [1, 3, 4, 6] },
      [1, 3, 4, 6, 8, 9],
      [1, 3, 4, 6, 8, 9],
    ],
    ['and what the best ones are trained against', { every: 3, best: [0, 4] }, [3, 4, 6, 8, 9], [4, 8, 9]],
    ['a best one whole, though it was a reference policy', { every: 3, best: [3, 7] }, [3, 6, 7, 8, 9], [3, 7, 8, 9]],
    ['the last two, where each step has the one before as its reference', { every: 1 }, [8, 9], [8, 9]],
  ])('%s', (_, keeping, weights, optimizer) => {
    expect(files(9, keeping)).toEqual({ weights, optimizer });
  });

  test('are exactly what its states need, for every keepEvery, every interval and any best checkpoint', () => {
    const upTo = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(upTo(40), upTo(12), upTo(12), fc.uniqueArray(upTo(40)), (steps, keepEvery, every, measured) => {
        const best = measured.filter((step) => step <= steps).sort((a, b) => a - b);
        const goesOnFrom = Array.from({ length: steps }, (_, i) => i + 1).filter(
          (step) => step >= steps - 1 || (keepEvery > 0 && step % keepEvery === 0) || best.includes(step),
        );
        const references = goesOnFrom.map((step) => referenceOf(step, every)).filter((step) => step > 0);
        const weights = [...new Set([...goesOnFrom, ...references])].sort((a, b) => a - b);
        expect(files(steps, { keepEvery, every, best })).toEqual({ weights, optimizer: goesOnFrom });
      }),
      { seed: 11, numRuns: 1000 },
    );
  });

  test('have the reference policy of a fork among them, whose parent had another interval', () => {
    // Forked at 12 from a run with an interval of 8; its own is 4, and would have been refreshed at 12.
    const old = oldCheckpoints(13, { keepEvery: 0, keep: [], refreshReferenceEvery: 4, referenceStep: 8 });
    expect(old.filter(({ step, weights }) => step === 8 && weights)).toEqual([]);
  });
});
