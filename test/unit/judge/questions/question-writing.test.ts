import { describe, expect, test } from 'vitest';
import { keyPointExtraction } from '../../../../judge/questions/key-point-extraction.ts';
import { questionWriting } from '../../../../judge/questions/question-writing.ts';

describe('questionWriting', () => {
  const { read } = questionWriting('A dog barks.');
  const good = { question: 'Who barks?', options: ['a dog', 'a cat'], answer: 'a dog' };

  test('reads questions', () => {
    expect(read(JSON.stringify({ questions: [{ ...good, question: ' Who barks? ' }] }))).toEqual({
      answer: { questions: [good] },
    });
  });

  test.each([
    ['an answer that is no option', { ...good, answer: 'a bird' }],
    ['one option', { ...good, options: ['a dog'] }],
    ['nine options', { ...good, options: ['a dog', ...'bcdefghi'] }],
    ['two options that are one', { ...good, options: ['a dog', 'A dog', 'a cat'] }],
    ['an empty question', { ...good, question: ' ' }],
    ['an endless option', { ...good, options: ['a dog', 'x'.repeat(301)] }],
  ])('refuses %s', (_, question) => {
    expect(read(JSON.stringify({ questions: [good, question] }))).toEqual({
      fault: 'every question must have 2 to 8 short options that differ, and one of them as its answer',
    });
  });

  test('refuses none, and too many', () => {
    for (const questions of [[], Array(51).fill(good)])
      expect(read(JSON.stringify({ questions }))).toEqual({
        fault: 'it must have at least one question, and at most 50',
      });
  });
});

describe('keyPointExtraction', () => {
  const { read } = keyPointExtraction('A dog barks.');
  const readList = (keyPoints: string[]) => read(JSON.stringify({ keyPoints }));

  test('reads each key point once, without blanks', () => {
    expect(readList([' a dog barks', '', 'a dog barks', 'it is night'])).toEqual({
      answer: { keyPoints: ['a dog barks', 'it is night'] },
    });
  });

  test('refuses none, too many, and what is no sentence', () => {
    expect(readList([])).toHaveProperty('fault');
    expect(readList(Array.from({ length: 51 }, (_, i) => `fact ${i}`))).toHaveProperty('fault');
    expect(readList(['x'.repeat(501)])).toEqual({ fault: 'every key point must be one short sentence' });
  });
});
