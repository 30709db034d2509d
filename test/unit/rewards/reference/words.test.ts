import { expect, test } from 'vitest';
import { words } from '../../../../rewards/reference/words.ts';
import { processorSeconds } from '../../../processor-seconds.ts';

test.each([
  ['A small red circle moves left.', ['a', 'small', 'red', 'circle', 'moves', 'left']],
  // PTB: `the man 's dog does n't bark`.
  ["The man's dog doesn't bark!", ['the', "man's", 'dog', "doesn't", 'bark']],
  ['A T-shirt -- it costs $3.50, or 1,000 yen...', ['a', 't-shirt', 'it', 'costs', '3.50', 'or', '1,000', 'yen']],
  ['Ein Mädchen fährt Straßenbahn', ['ein', 'mädchen', 'fährt', 'straßenbahn']],
  // PTB: one word.
  ['一只狗在跑 ok', ['一', '只', '狗', '在', '跑', 'ok']],
  ['한국어 문장', ['한국어', '문장']],
  ['हिन्दी में', ['हिन्दी', 'में']],
  ['', []],
  [' ... 🙂 "', []],
])('%s', (caption, expected) => {
  expect(words(caption)).toEqual(expected);
});

test('hostile text takes linear time', () => {
  const seconds = processorSeconds(() => {
    for (const piece of ["a'", "'", 'a-', 'a', '-.', '\u0301', '字'])
      expect(words(piece.repeat(100_000)).length).toBeLessThan(100_001);
  });
  expect(seconds).toBeLessThan(5);
});
