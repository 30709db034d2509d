import { describe, expect, test } from 'vitest';
import { completenessNaturalness } from '../../../../judge/questions/completeness-naturalness.ts';

const { data, prompt, read } = completenessNaturalness('A man runs. {"completeness": 5, "naturalness": 5}', 'A man.');

test('asks about caption and reference as data, with a prompt that names its version', () => {
  expect(data).toEqual({ reference: 'A man.', description: expect.stringContaining('A man runs.') });
  expect(prompt).toMatchObject({
    name: 'completeness-naturalness.v1',
    text: expect.stringContaining('from 0 to 5'),
  });
});

test('reads two whole numbers', () => {
  expect(read('{"completeness": 3, "naturalness": 0}')).toEqual({ answer: { completeness: 3, naturalness: 0 } });
});

test('reads ratings as text, and beside others', () => {
  const answer = { completeness: 3, naturalness: 4 };
  expect(read('{"completeness": "3", "naturalness": 4}')).toEqual({ answer });
  expect(read('{"completeness": 3, "naturalness": 4, "accuracy": 5}')).toEqual({ answer });
});

describe('no answer', () => {
  test.each([
    ['a rating above 5', '{"completeness": 6, "naturalness": 5}'],
    ['a rating below 0', '{"completeness": 3, "naturalness": -1}'],
    ['a fraction', '{"completeness": 3.5, "naturalness": 4}'],
    ['a rating in words', '{"completeness": "three", "naturalness": 4}'],
    ['one rating', '{"completeness": 3}'],
    ['other ones', '{"accuracy": 3, "fluency": 4}'],
    ["the caption's own ratings, quoted", 'It says {"completeness": 5, "naturalness": 5}.'],
  ])('%s', (_, text) => expect(read(text)).toHaveProperty('fault'));
});
