import { describe, expect, it } from 'vitest';
import { distinctCaptions } from '../../../rewards/distinct-captions.ts';

describe('distinctCaptions', () => {
  it('is 0 where every sample gets the same caption, 1 where no two do', () => {
    expect(
      distinctCaptions([
        ['a', 'a'],
        ['a', 'a'],
        ['a', 'a'],
      ]),
    ).toBe(0);
    expect(
      distinctCaptions([
        ['a', 'b'],
        ['c', 'd'],
        ['e', 'f'],
      ]),
    ).toBe(1);
  });

  it('compares samples, not the completions of one: a policy that is sure of each video has not collapsed', () => {
    expect(
      distinctCaptions([
        ['a', 'a'],
        ['b', 'b'],
        ['c', 'c'],
      ]),
    ).toBe(1);
  });

  it('is the mean over the places in a group', () => {
    expect(
      distinctCaptions([
        ['a', 'a'],
        ['b', 'a'],
        ['c', 'a'],
      ]),
    ).toBe(0.5);
    expect(distinctCaptions([['a'], ['a'], ['b'], ['c'], ['d']])).toBe(0.75);
  });

  it('counts completions without a caption as equal, and says nothing of one sample or none', () => {
    expect(distinctCaptions([[undefined], [''], [undefined]])).toBe(0);
    expect(distinctCaptions([['a', 'b']])).toBeUndefined();
    expect(distinctCaptions([])).toBeUndefined();
  });
});
