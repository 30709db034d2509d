import { describe, expect, test } from 'vitest';
import { readingOf } from '../../../../rewards/think/reading.ts';
import { isWrittenIn, scriptsLearnt, withoutMarks } from '../../../../rewards/think/scripts.ts';

describe('readingOf', () => {
  const known = new Set([
    'the',
    'man',
    'in',
    'shirt',
    ',',
    '3',
    'don',
    "'",
    't',
    '、',
    '-10',
    '-',
    '10',
    '3.5m',
    '50%',
  ]);
  test.each([
    ['the man', 'the man', ['the', 'man'], [], 0],
    ["don't", "don't", ['don', 't'], [], 0],
    ['the man in 红 shirt', 'the man in shirt', ['the', 'man', 'in', 'shirt'], ['红'], 1 / 5],
    ['红色', '', [], ['红', '色'], 1],
    ['собака бежит', '', [], ['собака', 'бежит'], 1],
    ['man 🐶', 'man', ['man'], ['🐶'], 1 / 2],
    // Punctuation that it knows says nothing by itself.
    ['狗、猫', '', [], ['狗', '猫'], 1],
    ['3只', '3', ['3'], ['只'], 1 / 2],
    ['‽', '', [], ['‽'], 1],
    ['', '', [], [], 0],
    // Numbers are one word with their sign, their fraction and their unit.
    ['为-10度', '-10', ['-10'], ['为', '度'], 2 / 3],
    ['为 -10 度', '-10', ['-10'], ['为', '度'], 2 / 3],
    ['covid-10度', '- 10', ['10'], ['covid', '度'], 2 / 3],
    ['10-10', '10-10', ['10', '10'], [], 0],
    ['3.5m宽', '3.5m', ['3.5m'], ['宽'], 1 / 2],
    ['50%的', '50%', ['50%'], ['的'], 1 / 2],
    // The sign of a long vowel goes with its syllable.
    ['コート', '', [], ['コー', 'ト'], 1],
  ])('%j', (phrase, read, readWords, unreadWords, unreadShare) =>
    expect(readingOf(phrase, (word) => known.has(word))).toEqual({ read, readWords, unreadWords, unreadShare }),
  );
});

describe('scriptsLearnt', () => {
  const letters = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => String.fromCodePoint(first + i));

  test('an English vocabulary with the letters of others: Latin alone', () => {
    const english = Array.from({ length: 200 }, (_, i) => `word${i}`);
    const others = [...letters(0x430, 32), 'ка', ...letters(0x4e00, 400), ...letters(0x905, 50)];
    expect([...scriptsLearnt([...english, ...others])]).toEqual(['Latin']);
  });

  test('words of two letters, or thousands of characters, make a script one that is read', () => {
    const russian = letters(0x430, 32).flatMap((a) => letters(0x430, 4).map((b) => a + b));
    expect([...scriptsLearnt([...russian, ...letters(0x4e00, 2500)])].sort()).toEqual(['Cyrillic', 'Han']);
  });

  test.each([
    ['dog', true],
    ['naïve', true],
    ['собака', false],
    ['Ωmega', false],
    ['42', true],
    ['★', true],
    ['ꦲ', false],
  ])('%j is written in Latin: %s', (word, expected) => expect(isWrittenIn(new Set(['Latin']), word)).toBe(expected));
});

test.each([
  ['người', 'nguoi'],
  ['n\u0303o', 'no'],
  ['đen', 'đen'],
  ['한국', '한국'],
])('withoutMarks of %j: %j', (word, expected) => expect(withoutMarks(word)).toBe(expected));
