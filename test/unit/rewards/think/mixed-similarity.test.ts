import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mixedSimilarity } from '../../../../rewards/think/mixed-similarity.ts';
import { readingOf } from '../../../../rewards/think/reading.ts';
import { ThinkConfig } from '../../../../rewards/think.ts';

const { subjectThreshold } = ThinkConfig.parse({});

/** To a model that knows English letters, digits and punctuation, and takes what it reads of both for the same. */
function similarity(a: string, b: string, cosine = 1): number {
  const read = (phrase: string) => ({ phrase, reading: readingOf(phrase, (word) => /^[\x20-\x7e]+$/.test(word)) });
  return mixedSimilarity(read(a), read(b), cosine);
}

describe('mixedSimilarity, counted by hand', () => {
  test.each([
    // The characters 3 of 4, 2 of 3 and 1 of 2 runs; one word of four is read, and it differs.
    ['3个男人', '5个男人', ((3 / 4 + 2 / 3 + 1 / 2) / 3) * (1 - Math.sqrt(1 / 4))],
    ['温度为-10度', '温度为10度', ((12 / 13 + 8 / 11 + 4 / 9) / 3) * (1 - Math.sqrt(1 / 5))],
    // Mostly read: the cosine, here 1, lowered by one unknown word of five.
    ['the man in 红 shirt', 'the man in 蓝 shirt', 1 - Math.sqrt(1 / 5)],
    ['dog 🐶', 'dog 🐱', 1 - Math.sqrt(1 / 2)],
    // `ca` counts as unread beside `cá`: one of two characters, no pair.
    ['cá', 'ca', 1 / 4],
    ['a dog eats cá', 'a dog eats ca', 1 - Math.sqrt(1 / 4)],
    // One unknown word of eight differs, and one is the same.
    ['São and the man in the red Möller', 'São and the man in the red Müller', 1 - Math.sqrt(1 / 8)],
    // `Müllers` is another spelling of `Müller`: the characters 12 of 13, 10 of 11 and 8 of 9 runs.
    ['the dog of Müller', 'the dog of Müllers', 1 - Math.sqrt(1 / 4) * (1 - (12 / 13 + 10 / 11 + 8 / 9) / 3)],
    // One of four characters has no counterpart, and neither has the one word that is read.
    ['3个男人', '三个男人', (1 - Math.sqrt(1 / 4)) ** 2],
    ['红色', '蓝色', 1 / 4],
    ['dog', '狗', 0],
  ])('%j and %j: %d', (a, b, expected) => {
    expect(similarity(a, b)).toBeCloseTo(expected, 12);
    expect(similarity(b, a)).toBeCloseTo(expected, 12);
  });

  test('the cosine of what is read counts where most is read, with what is not', () => {
    expect(similarity('walks to 北京', 'strolls to 北京', 0.9)).toBeCloseTo(0.9, 12);
    expect(similarity('walks to 北京', 'strolls to 东京', 0.9)).toBeLessThan(0.9 * 0.6);
  });
});

describe('one word that differs keeps phrases apart, however long the rest is', () => {
  const han = fc.string({ unit: fc.constantFrom(...'个穿着白色衬衫的男人站在门前'), minLength: 1, maxLength: 12 });
  const digits = fc.integer({ min: 0, max: 999 });

  test('a number, a word or a letter in a text without spaces', () => {
    const words = fc.constantFrom('red', 'blue', 'T', 'A', 'led');
    const different = fc.oneof(fc.tuple(digits, digits), fc.tuple(words, words)).filter(([a, b]) => a !== b);
    fc.assert(
      fc.property(han, different, han, (before, [a, b], after) => {
        expect(similarity(before + a + after, before + b + after)).toBeLessThan(subjectThreshold);
        expect(similarity(before + a + after, before + after)).toBeLessThan(subjectThreshold);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test('an unknown word in a text that is read', () => {
    const words = fc.array(fc.constantFrom('man', 'the', 'shirt', 'in'), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(words, (rest) => {
        expect(similarity(`${rest.join(' ')} 红`, `${rest.join(' ')} 蓝`)).toBeLessThan(subjectThreshold);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  test('an unknown word beside other unknown words that are the same', () => {
    const read = fc.array(fc.constantFrom('man', 'the', 'shirt', 'in'), { minLength: 10, maxLength: 16 });
    const unread = fc.subarray(['São', 'café', '红']);
    const pairs = fc.constantFrom(['niño', 'niña'], ['Müller', 'Möller'], ['são', 'sãu'], ['Čapek', 'Dvořák']);
    fc.assert(
      fc.property(read, pairs, unread, (before, [a, b], after) => {
        const phrase = (word: string) => [...before, word, ...after].join(' ');
        expect(similarity(phrase(a!), phrase(b!))).toBeLessThan(subjectThreshold);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test('a character of a text without spaces', () => {
    fc.assert(
      fc.property(han, han, (before, after) => {
        expect(similarity(`${before}红${after}`, `${before}蓝${after}`)).toBeLessThan(subjectThreshold + 0.01);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test('is in [0, 1], is symmetric, and 1 for the same text', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab3 男人是é-.'), maxLength: 12 }).map((one) => `${one}狗`);
    fc.assert(
      fc.property(text, text, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, cosine) => {
        const found = similarity(a, b, cosine);
        expect(found).toBeGreaterThanOrEqual(0);
        expect(found).toBeLessThanOrEqual(1);
        expect(similarity(b, a, cosine)).toBeCloseTo(found, 12);
        expect(similarity(a, a)).toBe(1);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
