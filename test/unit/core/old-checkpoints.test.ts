import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oldCheckpoints } from '../../../core/old-checkpoints.ts';

/** The weights and optimiser states that lie there after so many steps of a run. */
function files(steps: number, { keepEvery = 0, every = 0 }): { weights: number[]; optimizer: number[] } {
  const weights = new Set<number>();
  const optimizer = new Set<number>();
  for (let step = 1; step <= steps; step++) {
    weights.add(step);
    optimizer.add(step);
    const referenceStep = referenceOf(step - 1, every);
    for (const old of oldCheckpoints(step, { keepEvery, refreshReferenceEvery: every, referenceStep })) {
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
    ['the last two, where each step has the one before as its reference', { every: 1 }, [8, 9], [8, 9]],
  ])('%s', (_, keeping, weights, optimizer) => {
    expect(files(9, keeping)).toEqual({ weights, optimizer });
  });

  test('are all that its states need, and nothing else, for every keepEvery and every interval', () => {
    const upTo = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(upTo(40), upTo(12), upTo(12), (steps, keepEvery, every) => {
        const goesOnFrom = Array.from({ length: steps }, (_, i) => i + 1).filter(
          (step) => step >= steps - 1 || (keepEvery > 0 && step % keepEvery === 0),
        );
        const references = goesOnFrom.map((step) => referenceOf(step, every)).filter((step) => step > 0);
        const weights = [...new Set([...goesOnFrom, ...references])].sort((a, b) => a - b);
        expect(files(steps, { keepEvery, every })).toEqual({ weights, optimizer: goesOnFrom });
      }),
      { seed: 11, numRuns: 1000 },
    );
  });

  test('have the reference policy of a fork among them, whose parent had another interval', () => {
    // Forked at 12 from a run with an interval of 8; its own is 4, and would have been refreshed at 12.
    const old = oldCheckpoints(13, { keepEvery: 0, refreshReferenceEvery: 4, referenceStep: 8 });
    expect(old.filter(({ step, weights }) => step === 8 && weights)).toEqual([]);
  });
});
