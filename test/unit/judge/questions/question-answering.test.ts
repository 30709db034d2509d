import { expect, test } from 'vitest';
import { CANNOT_BE_ANSWERED } from '../../../../core/sample.ts';
import { questionAnswering } from '../../../../judge/questions/question-answering.ts';
import { naming } from '../../../refusal.ts';

const { data, read, shape } = questionAnswering('A dog barks.', 'Who barks?', ['a cat', 'a dog']);

test('offers the options in their order, and last that there is no answer', () => {
  expect(data).toEqual({
    description: 'A dog barks.',
    question: 'Who barks?',
    options: [
      { index: 1, option: 'a cat' },
      { index: 2, option: 'a dog' },
      { index: 3, option: CANNOT_BE_ANSWERED },
    ],
  });
});

test('reads an index into the options; the last one is none', () => {
  const answers = [1, 2, 3].map((chosenOption) => read(JSON.stringify({ chosenOption })));
  expect(answers).toEqual([{ answer: 0 }, { answer: 1 }, { answer: null }]);
});

test.each([
  ['{"chosenOption": 0}', 'an option from 1 to 3'],
  ['{"chosenOption": 4}', 'an option from 1 to 3'],
  ['{"chosenOption": "the second"}', 'exactly the fields'],
  ['{"chosenOption": 1.5}', 'exactly the fields'],
  ['{"chosenOption": 1} or {"chosenOption": 2}', 'one JSON object'],
  ['B', 'one JSON object'],
])('%s is no answer: %s', (text, fault) => {
  expect(read(text)).toEqual({ fault: naming(fault) });
});

test('reads an index that is written as text', () => {
  expect(read('{"chosenOption": "2"}')).toEqual({ answer: 1 });
});

test('structured output is held to the options that there are', () => {
  expect([1, 3, 4].map((chosenOption) => shape.safeParse({ chosenOption }).success)).toEqual([true, true, false]);
});
