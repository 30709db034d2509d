import { describe, expect, test } from 'vitest';
import { normalisePhrase } from '../../../../rewards/think/similarity.ts';
import { tokenF1 } from '../../../../rewards/think/token-f1.ts';

describe('normalisePhrase', () => {
  test.each([
    ['  Moves   LEFT. ', 'moves left'],
    ['moves left, then grows', 'moves left, then grows'],
    ['ﬁne', 'fine'],
    [' .! ', ''],
    // Marks of lists, of quotation and of emphasis.
    ['- dog', 'dog'],
    ['— dog —', 'dog'],
    ['• dog', 'dog'],
    ['* dog', 'dog'],
    ['1. brown', 'brown'],
    ['2) brown', 'brown'],
    ['"STOP"', 'stop'],
    ['“STOP.”', 'stop'],
    ["'stop'", 'stop'],
    ['(static)', 'static'],
    ['- **brown**', 'brown'],
    ['wears a **red** hat', 'wears a red hat'],
    ['can’t', "can't"],
    // They stay where they say something.
    ['-10 degrees', '-10 degrees'],
    ['- 10 degrees', '- 10 degrees'],
    ['–10 degrees', '-10 degrees'],
    ['-(10)', '-(10)'],
    ['.5 m', '.5 m'],
    ['1.5 m', '1.5 m'],
    ['2**3', '2**3'],
    ['5" long', '5" long'],
    ['(a) red (b)', '(a) red (b)'],
    ['t-shirt', 't-shirt'],
    ['c++', 'c++'],
    ["the boys' dog", "the boys' dog"],
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
    ['Dog bites man.', 'man bites dog', 1 - Math.sqrt(2 / 3)],
    // Symbols and signs are words, or part of one.
    ['moves →', 'moves ←', 1 / 2],
    ['+5', '-5', 0],
    ['turns -5 degrees', 'turns 5 degrees', 2 / 3],
    ['t-shirt', 't shirt', 1],
    ['c++', 'c', 1 / 2],
    ['温度为-10度', '温度为10度', (12 / 13 + 8 / 11 + 4 / 9) / 3],
    // Nothing but punctuation is like itself alone.
    ['?', '?', 1],
    [' ...', '…', 1],
    ['?', '!', 0],
    ['?', 'red', 0],
    [' ', ' ', 0],
  ])('%j and %j: %d', (a, b, expected) => {
    expect(tokenF1(a, b)).toBeCloseTo(expected, 12);
    expect(tokenF1(b, a)).toBeCloseTo(expected, 12);
  });
});
