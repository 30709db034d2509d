import { describe, expect, test } from 'vitest';
import { readingOf } from '../../../../rewards/think/reading.ts';
import { isWrittenIn, scriptsLearnt } from '../../../../rewards/think/scripts.ts';

describe('readingOf', () => {
  const known = new Set(['the', 'man', 'in', 'shirt', ',', '3', 'don', "'", 't', '、']);
  test.each([
    ['the man', { read: 'the man', unread: '', unreadShare: 0 }],
    ["don't", { read: "don't", unread: '', unreadShare: 0 }],
    ['the man in 红 shirt', { read: 'the man in shirt', unread: '红', unreadShare: 1 / 5 }],
    ['红色', { read: '', unread: '红色', unreadShare: 1 }],
    ['собака бежит', { read: '', unread: 'собакабежит', unreadShare: 1 }],
    ['man 🐶', { read: 'man', unread: '🐶', unreadShare: 1 / 2 }],
    // Punctuation that it knows says nothing by itself.
    ['狗、猫', { read: '', unread: '狗猫', unreadShare: 1 }],
    ['3只', { read: '3', unread: '只', unreadShare: 1 / 2 }],
    ['‽', { read: '', unread: '‽', unreadShare: 1 }],
    ['', { read: '', unread: '', unreadShare: 0 }],
  ])('%j', (phrase, expected) => expect(readingOf(phrase, (word) => known.has(word))).toEqual(expected));
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
