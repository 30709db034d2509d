import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { likenessOfOrder } from '../../../../rewards/think/word-order.ts';

describe('what the order of words leaves of a similarity, counted by hand', () => {
  test.each([
    ['dog bites man', 'man bites dog', 2 / 3],
    ['a dog bites the man', 'a man bites the dog', 2 / 5],
    ['the big dog bites the man', 'the man bites the big dog', 3 / 6],
    ['moves from left to right', 'moves from right to left', 2 / 5],
    ['turns from red to blue', 'turns from blue to red', 2 / 5],
    ['the glass in the box', 'the box in the glass', 2 / 5],
    // Of the words that both have.
    ['the dog bites a man', 'the man bites some dog', 2 / 4],
    ['el perro muerde al hombre', 'el hombre muerde al perro', 2 / 5],
    ['le chat suit le chien', 'le chien suit le chat', 2 / 5],
    ['der hund beißt den mann', 'der mann beißt den hund', 2 / 5],
    ['狗咬人', '人咬狗', 2 / 3],
  ])('%j and %j: the root of %d less', (a, b, share) => {
    expect(likenessOfOrder(a, b)).toBeCloseTo(1 - Math.sqrt(share), 12);
    expect(likenessOfOrder(b, a)).toBeCloseTo(likenessOfOrder(a, b), 12);
  });

  test.each([
    ['the same words', 'walks down the street', 'walks down the street'],
    ['a part that moves', 'slowly walks down the street', 'walks down the street slowly'],
    ['two words side by side', 'a big red car', 'a red big car'],
    ['a list', 'a man and a dog', 'a dog and a man'],
    ['a list in Spanish', 'corre y salta', 'salta y corre'],
    ['other words', 'dog bites man', 'cat follows bird'],
    ['one word more', 'the dog bites the man', 'the dog bites the old man'],
    ['few words that both have', 'dog bites man in the park', 'a man on a horse and his dog'],
    ['a passive', 'the dog bites the man', 'the man is bitten by the dog'],
    ['nothing', '', 'dog'],
  ])('%s: nothing less', (_, a, b) => expect(likenessOfOrder(a, b)).toBe(1));

  test('is in [0, 1], is symmetric, and 1 for the same text', () => {
    const text = fc
      .array(fc.constantFrom('dog', 'man', 'bites', 'and', 'the'), { maxLength: 8 })
      .map((all) => all.join(' '));
    fc.assert(
      fc.property(text, text, (a, b) => {
        const found = likenessOfOrder(a, b);
        expect(found).toBeGreaterThanOrEqual(0);
        expect(found).toBeLessThanOrEqual(1);
        expect(likenessOfOrder(b, a)).toBeCloseTo(found, 12);
        expect(likenessOfOrder(a, a)).toBe(1);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('of captions of thousands of words, each of them a character, takes no time', () => {
    const words = Array.from({ length: 4000 }, (_, i) => String.fromCodePoint(0x6000 + i));
    const [head, between, tail] = [words.slice(0, 1500), words.slice(1500, 2000), words.slice(2000)];
    const exchanged = [...tail, ...between, ...head].join('');
    expect(likenessOfOrder(words.join(''), exchanged)).toBeCloseTo(1 - Math.sqrt(3500 / 4000));
    expect(likenessOfOrder(words.join(''), [...words].reverse().join(''))).toBe(1);
  }, 5000);
});
