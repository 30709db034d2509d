import { describe, expect, test } from 'vitest';
import { type RunMemo, readMemo } from '../../../contracts/run-memo.ts';

const memo: RunMemo = { run: 'quickstart-1-0a1b2c3d', config: 'quickstart', overrides: { 'algorithm.steps': 3 } };

describe('readMemo', () => {
  test('gives what a run wrote about itself', () => {
    expect(readMemo(memo)).toEqual(memo);
    const more = { ...memo, fork: { run: 'parent', step: 2 }, limits: { maxSteps: 5 } };
    expect(readMemo(more)).toEqual(more);
  });

  test('leaves out what others wrote beside it', () => {
    expect(readMemo({ ...memo, team: 'vision' })).toEqual(memo);
  });

  test.each([
    ['nothing', undefined],
    ['an empty memo', {}],
    ['no run', { config: 'quickstart', overrides: {} }],
    ['a run without a name', { ...memo, run: '' }],
    ['a fork without a step', { ...memo, fork: { run: 'parent' } }],
    ['a limit that there is none of', { ...memo, limits: { steps: 5 } }],
  ])('is undefined for an execution that wrote %s', (_, written) => {
    expect(readMemo(written)).toBeUndefined();
  });
});
