import { expect, test } from 'vitest';
import { keyPointCoverage } from '../../../../judge/questions/key-point-coverage.ts';

const { read } = keyPointCoverage('A dog barks.', ['a dog barks', 'a cat sleeps']);
const answer = (...items: [number, boolean][]) =>
  JSON.stringify({ keyPoints: items.map(([index, mentioned]) => ({ index, mentioned })) });

test('reads one answer a key point, in their order whatever order the model has', () => {
  expect(read(answer([2, false], [1, true]))).toEqual({ answer: [true, false] });
});

test.each([
  ['one too few', answer([1, true])],
  ['one too many', answer([1, true], [2, true], [3, true])],
  ['one twice', answer([1, true], [1, true])],
])('%s: no answer', (_, text) => {
  expect(read(text)).toEqual({ fault: 'it must have exactly one item for each index from 1 to 2' });
});

test('a mark that is no yes or no is no answer', () => {
  expect(read('{"keyPoints": [{"index": 1, "mentioned": 1}, {"index": 2, "mentioned": 0}]}')).toHaveProperty('fault');
});
