import { expect, test } from 'vitest';
import { likenessOfNumbers } from '../../../../rewards/think/numbers.ts';

test.each([
  ['a dog', 'a cat', 1],
  ['3 dogs', 'three dogs', 1],
  ['2 cats and 3 dogs', '3 cats and 2 dogs', 1],
  ['+1,000.0 m', '1000 m', 1],
  ['covid-19', 'covid 19', 1],
  ['-10', '10', 0],
  // One word of four.
  ['turns by -5 degrees', 'turns by 5 degrees', 0.5],
  ['3 3 dogs run', '3 dogs run on', 0.5],
  ['at 12:30', 'at 12:40', 1 - Math.SQRT1_2],
])('the numbers of %j and %j leave %d', (a, b, expected) => {
  expect(likenessOfNumbers(a, b)).toBeCloseTo(expected, 12);
  expect(likenessOfNumbers(b, a)).toBeCloseTo(expected, 12);
});
