import { describe, expect, test } from 'vitest';
import { normalisePhrase } from '../../../../rewards/think/similarity.ts';
import { tokenF1 } from '../../../../rewards/think/token-f1.ts';

describe('normalisePhrase', () => {
  test.each([
    ['  Moves   LEFT. ', 'moves left'],
    ['moves left, then grows', 'moves left, then grows'],
    ['ﬁne', 'fine'],
    [' .! ', ''],
  ])('%j becomes %j', (phrase, expected) => expect(normalisePhrase(phrase)).toBe(expected));
});

describe('tokenF1', () => {
  test.each([
    ['moves left', 'Moves left.', 1],
    ['moves left', 'moves right', 0.5],
    ['red', 'blue', 0],
    // 2 shared words of 2 + 4.
    ['moves left', 'moves left, then grows', 4 / 6],
    // The repeated word is shared once.
    ['very very big', 'very big', 4 / 5],
    ['', '', 0],
    ['★', '★', 1],
  ])('%j and %j: %d', (a, b, expected) => {
    expect(tokenF1(a, b)).toBeCloseTo(expected, 12);
    expect(tokenF1(b, a)).toBeCloseTo(expected, 12);
  });
});
