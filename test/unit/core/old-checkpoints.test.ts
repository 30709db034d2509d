import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oldCheckpoints } from '../../../core/old-checkpoints.ts';

/**
 * What lies there after so many steps of a run. `best`: steps that beat all before; `full`: their multiples, and
 * reference policies, have files, and the steps between recipes.
 */
function files(
  steps: number,
  { keepEvery = 0, every = 0, best = [], full = 1 }: Made & { keepEvery?: number; best?: readonly number[] },
): { weights: number[]; optimizer: number[]; recipes: number[] } {
  const [weights, optimizer, recipes] = [new Set<number>(), new Set<number>(), new Set<number>()];
  for (let step = 1; step <= steps; step++) {
    for (const kind of rootOf(step, { every, full }) === step ? [weights, optimizer] : [recipes]) kind.add(step);
    const referenceStep = referenceOf(step - 1, every);
    const keep = best.filter((one) => one < step).slice(-2);
    const roots = { previous: rootOf(step - 2, { every, full }), last: rootOf(step - 1, { every, full }) };
    const keeping = { keepEvery, keep, refreshReferenceEvery: every, referenceStep };
    for (const old of oldCheckpoints(step, keeping, roots)) {
      if (old.weights) weights.delete(old.step);
      optimizer.delete(old.step);
      for (const recipe of old.recipes) recipes.delete(recipe);
    }
  }
  return { weights: [...weights], optimizer: [...optimizer], recipes: [...recipes] };
}

interface Made {
  every?: number;
  full?: number;
}

/** The step whose files a step's policy is, or is rebuilt from; 0: the start policy. */
function rootOf(step: number, { every = 0, full = 1 }: Made): number {
  return Math.max(step - (step % full), every === 0 ? 0 : step - (step % every));
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
    expect(files(9, keeping)).toEqual({ weights, optimizer, recipes: [] });
  });

  test.each([
    ['are those that the last two steps are rebuilt from', { full: 4 }, [8], [8], [9]],
    ['with both, where these are two', { full: 3, steps: 10 }, [9], [9], [10]],
    ['and those that kept ones are rebuilt from', { full: 4, keepEvery: 5, steps: 15 }, [4, 8, 12], [4, 8, 12]],
    ['and the best ones', { full: 4, best: [2, 6], steps: 13 }, [4, 12], [4, 12]],
  ])(
    '%s, where others have recipes',
    (_, { steps = 9, ...keeping }: Made & { steps?: number }, weights, optimizer, recipes?: number[]) => {
      const left = files(steps, keeping);
      expect(left).toMatchObject({ weights, optimizer, ...(recipes && { recipes }) });
    },
  );

  test('are exactly what its states need, for every keepEvery, every interval and any best checkpoint', () => {
    const upTo = (max: number) => fc.integer({ min: 0, max });
    const full = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(
        upTo(40),
        upTo(12),
        upTo(12),
        fc.uniqueArray(upTo(40)),
        full,
        (steps, keepEvery, every, measured, full) => {
          const best = measured.filter((step) => step <= steps).sort((a, b) => a - b);
          const goesOnFrom = Array.from({ length: steps }, (_, i) => i + 1).filter(
            (step) => step >= steps - 1 || (keepEvery > 0 && step % keepEvery === 0) || best.includes(step),
          );
          const roots = goesOnFrom.map((step) => rootOf(step, { every, full }));
          const references = goesOnFrom.map((step) => referenceOf(step, every));
          const inOrder = (all: readonly number[]) =>
            [...new Set(all)].filter((step) => step > 0).sort((a, b) => a - b);
          const left = files(steps, { keepEvery, every, best, full });
          expect(left).toMatchObject({ weights: inOrder([...roots, ...references]), optimizer: inOrder(roots) });
          const chains = goesOnFrom.flatMap((step, i) =>
            Array.from({ length: step - roots[i]! }, (_, j) => roots[i]! + 1 + j),
          );
          expect(left.recipes).toEqual(expect.arrayContaining(inOrder(chains)));
        },
      ),
      { seed: 11, numRuns: 1000 },
    );
  });

  test('have the reference policy of a fork among them, whose parent had another interval', () => {
    // Forked at 12 from a run with an interval of 8; its own is 4, and would have been refreshed at 12.
    const old = oldCheckpoints(13, { keepEvery: 0, keep: [], refreshReferenceEvery: 4, referenceStep: 8 });
    expect(old.filter(({ step, weights }) => step === 8 && weights)).toEqual([]);
  });
});
