import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { characterF1 } from '../../../../rewards/think/characters.ts';
import { comparedIn, sharesByCharacters, sumCompared } from '../../../../rewards/think/compared.ts';
import { normalisePhrase } from '../../../../rewards/think/similarity.ts';
import { tokenF1 } from '../../../../rewards/think/token-f1.ts';

describe('characterF1, counted by hand', () => {
  test.each([
    ['红色', '红色', 1],
    ['男人', '狗', 0],
    // One of two characters, none of one pair: the mean of 2 * 1 / 4 and 0.
    ['红色', '蓝色', 0.25],
    // 3 of 4 characters, 1 of 3 pairs, none of 2 triples.
    ['两个男人', '两个女人', (3 / 4 + 1 / 3 + 0) / 3],
    // The shorter one has no pair: 2 * 1 / 3, and 0.
    ['狗', '小狗', 1 / 3],
    ['🐶', '🐱', 0],
    ['', '狗', 0],
    ['', '', 0],
    ['狗 跑', '狗跑', 1],
    ['‽', '⸮', 0],
    ['狗!跑', '狗跑', 1],
    // The punctuation of a number is part of it.
    ['-1度', '1度', (4 / 5 + 2 / 3 + 0) / 3],
    ['1.5度', '15度', (6 / 7 + 2 / 5 + 0) / 3],
    ['狗-猫', '狗猫', 1],
  ])('%j and %j: %d', (a, b, expected) => {
    expect(characterF1(a, b)).toBeCloseTo(expected, 12);
    expect(characterF1(b, a)).toBeCloseTo(expected, 12);
  });

  test('is in [0, 1], is symmetric, and 1 for the same text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const found = characterF1(a, b);
        expect(found).toBeGreaterThanOrEqual(0);
        expect(found).toBeLessThanOrEqual(1);
        expect(characterF1(b, a)).toBe(found);
        expect(characterF1(a, a)).toBe(normalisePhrase(a) === '' ? 0 : 1);
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  test('takes time linear in the text', () => {
    const long = (letter: string) => letter.repeat(200_000);
    expect(characterF1(long('狗'), long('猫'))).toBe(0);
  });
});

describe('texts that look alike are the same text', () => {
  test.each([
    ['composed and decomposed letters', 'école', 'e\u0301cole'],
    ['composed and decomposed Korean', '한국', '한국'.normalize('NFD')],
    ['full-width forms', 'ＤＯＧ！', 'dog'],
    ['half-width katakana', 'ｲﾇ', 'イヌ'],
    ['the colourful form of an emoji', '❤️', '❤'],
    ['both signs of minus', '−5', '-5'],
    ['a space of no width', 'do\u200bg', 'dog'],
    ['capitals of other alphabets', 'СОБАКА', 'собака'],
    ['the end of a sentence', '狗在跑。', '狗在跑'],
  ])('%s', (_, a, b) => expect(normalisePhrase(a)).toBe(normalisePhrase(b)));
});

describe('tokenF1 outside of English', () => {
  test.each([
    // Vowel signs are part of a word: without them these were the same consonants.
    ['दिन', 'दीन', 0],
    // Emoji are words: without them these were the same text.
    ['dog 🐶', 'dog 🐱', 0.5],
    ['красный круг', 'красный квадрат', 0.5],
    ['红色', '蓝色', 0.25],
    ['红色', '红色', 1],
    ['สุนัข', 'แมว', 0],
  ])('%j and %j: %d', (a, b, expected) => expect(tokenF1(a, b)).toBeCloseTo(expected, 12));
});

test('how much was compared by characters is summed, and told only where there was some', () => {
  const compare = Object.assign(() => 0, { byCharacters: (phrase: string) => (phrase === '狗' ? 1 : 0) });
  const once = comparedIn(['dog', '狗', ' '], compare);
  expect(once).toEqual({ phrases: 2, byCharacters: 1 });
  expect(comparedIn(['dog'], () => 1)).toEqual({ phrases: 1, byCharacters: 0 });
  const sums = sumCompared([{ think: once, embedding: { phrases: 3, byCharacters: 0 } }, undefined, { think: once }]);
  expect(sums.think).toEqual({ phrases: 4, byCharacters: 2 });
  expect(sharesByCharacters(sums)).toEqual({ 'think/byCharacters': 0.5 });
});
