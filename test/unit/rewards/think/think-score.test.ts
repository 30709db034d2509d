import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Thought } from '../../../../core/sample.ts';
import { normalisePhrase } from '../../../../rewards/think/similarity.ts';
import { thinkScore } from '../../../../rewards/think/think-score.ts';
import { ThinkConfig } from '../../../../rewards/think.ts';

const options = ThinkConfig.parse({});
/** Similarities written down pair by pair; equal phrases are 1, all others 0. */
const similarity =
  (table: Record<string, number> = {}) =>
  (a: string, b: string) =>
    normalisePhrase(a) === normalisePhrase(b) ? 1 : (table[`${a}|${b}`] ?? table[`${b}|${a}`] ?? 0);
const same = similarity();

const subject = (name: string, attributes: string[], actions: string[]): Thought[number] => ({
  subject: name,
  attributes,
  actions,
});
const reference: Thought = [
  subject('circle', ['small', 'red'], ['moves left']),
  subject('square', ['large', 'blue'], ['grows']),
];

describe('thinkScore', () => {
  test('the reference itself scores 1', () => {
    expect(thinkScore(reference, reference, same, options)).toMatchObject({
      score: 1,
      subjects: { hits: 2, predicted: 2, reference: 2 },
      attributes: { hits: 4, predicted: 4, reference: 4 },
      actions: { hits: 2, predicted: 2, reference: 2 },
    });
  });

  test('nothing to find and nothing claimed scores 1', () => {
    expect(thinkScore([], [], same, options).score).toBe(1);
  });

  test.each([
    ['nothing claimed', [], reference],
    ['nothing to find', reference, []],
  ] as const)('%s scores 0', (_, predicted, truth) => {
    expect(thinkScore([...predicted], [...truth], same, options).score).toBe(0);
  });

  test('wrong items inside a matched subject: counted by hand', () => {
    const predicted = [subject('circle', ['small', 'green'], ['moves left', 'blinks'])];
    // Attributes: 1 hit of 2 claimed and 4 true, F1 = 2/6. Actions: 1 hit of 2 and 2, F1 = 2/4.
    expect(thinkScore(predicted, reference, same, options).score).toBeCloseTo(0.5 * (2 / 6) + 0.5 * (2 / 4), 12);
  });

  test('the items of an unmatched subject are false alarms, those of a missed subject misses', () => {
    const predicted = [reference[0]!, subject('star', ['large', 'blue'], ['grows'])];
    const result = thinkScore(predicted, reference, same, options);
    expect(result).toMatchObject({
      subjects: { hits: 1, predicted: 2, reference: 2 },
      attributes: { hits: 2, predicted: 4, reference: 4 },
      actions: { hits: 1, predicted: 2, reference: 2 },
      pairs: [[0, 0]],
    });
    expect(result.score).toBeCloseTo(0.5, 12);
  });

  test('a kind that neither side has counts as right, one that only one side has as wrong', () => {
    const bare = [subject('circle', [], ['moves left'])];
    expect(thinkScore(bare, bare, same, options).score).toBe(1);
    expect(thinkScore(bare, [subject('circle', ['red'], ['moves left'])], same, options).score).toBe(0.5);
  });

  test('a subject counts as the same from the subject threshold on, not below', () => {
    const truth = [subject('man', ['tall'], ['walks'])];
    const predicted = [subject('person', ['tall'], ['walks'])];
    const at = (likeness: number) =>
      thinkScore(predicted, truth, similarity({ 'person|man': likeness }), options).score;
    expect(at(options.subjectThreshold)).toBe(1);
    expect(at(options.subjectThreshold - 0.001)).toBe(0);
  });

  test('an item counts as found from the item threshold on, not below', () => {
    const truth = [subject('man', [], ['walks'])];
    const predicted = [subject('man', [], ['is walking'])];
    const at = (likeness: number) =>
      thinkScore(predicted, truth, similarity({ 'is walking|walks': likeness }), options).actions.hits;
    expect(at(options.itemThreshold)).toBe(1);
    expect(at(options.itemThreshold - 0.001)).toBe(0);
  });

  test('matching is one-to-one: a repeated item or subject pays once', () => {
    const predicted = [subject('circle', ['red', 'red', 'small'], ['moves left']), reference[0]!, reference[1]!];
    const result = thinkScore(predicted, reference, same, options);
    expect(result.subjects).toEqual({ hits: 2, predicted: 3, reference: 2 });
    expect(result.attributes).toEqual({ hits: 4, predicted: 7, reference: 4 });
    expect(result.actions).toEqual({ hits: 2, predicted: 3, reference: 2 });
  });

  test('a pair below the threshold never displaces one above it', () => {
    // Both cross pairs together are more alike (1.58) than the exact pair, but neither would be accepted.
    const table = similarity({ 'cat|ball': 0.79, 'dog|cat': 0.79 });
    const truth = [subject('cat', [], ['sleeps']), subject('ball', [], ['rolls'])];
    const predicted = [subject('cat', [], ['sleeps']), subject('dog', [], ['rolls'])];
    expect(thinkScore(predicted, truth, table, options).pairs).toEqual([[0, 0]]);
  });

  test('of equally similar subjects, those go together whose items fit', () => {
    const truth = [subject('man', ['red shirt'], ['walks']), subject('man', ['blue shirt'], ['sits'])];
    expect(thinkScore([...truth].reverse(), truth, same, options).score).toBe(1);
  });

  test('the weights of the two kinds are those of the config', () => {
    const predicted = [subject('circle', ['small', 'red'], ['blinks'])];
    const truth = [reference[0]!];
    expect(
      thinkScore(predicted, truth, same, { ...options, attributeWeight: 0.3, actionWeight: 0.7 }).score,
    ).toBeCloseTo(0.3, 12);
  });
});

describe('thinkScore, for all thoughts', () => {
  const phrase = (words: string[]) => fc.constantFrom(...words);
  const anySubject = fc.record({
    subject: phrase(['man', 'woman', 'dog']),
    attributes: fc.array(phrase(['tall', 'red', 'old']), { maxLength: 3 }),
    actions: fc.array(phrase(['walks', 'sits', 'runs']), { maxLength: 3 }),
  });
  const thought = fc.array(anySubject, { maxLength: 4 });
  const graded = similarity({ 'man|woman': 0.85, 'man|dog': 0.6, 'tall|old': 0.98, 'walks|runs': 0.975 });
  const run = { seed: 11, numRuns: 300 };

  test('is in [0, 1], and hits never exceed what was claimed or true', () => {
    fc.assert(
      fc.property(thought, thought, (predicted, truth) => {
        const { score, attributes, actions } = thinkScore(predicted, truth, graded, options);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        for (const { hits, predicted, reference } of [attributes, actions])
          expect(hits).toBeLessThanOrEqual(Math.min(predicted, reference));
      }),
      run,
    );
  });

  test('is symmetric', () => {
    fc.assert(
      fc.property(thought, thought, (a, b) => {
        expect(thinkScore(a, b, graded, options).score).toBeCloseTo(thinkScore(b, a, graded, options).score, 9);
      }),
      run,
    );
  });

  test('does not depend on the order of subjects or items', () => {
    const reordered = thought.chain((original) =>
      fc.tuple(fc.constant(original), fc.shuffledSubarray(original, { minLength: original.length })),
    );
    fc.assert(
      fc.property(reordered, thought, ([original, shuffled], truth) => {
        const turned = shuffled.map(({ subject, attributes, actions }) => ({
          subject,
          attributes: [...attributes].reverse(),
          actions: [...actions].reverse(),
        }));
        expect(thinkScore(turned, truth, graded, options).score).toBeCloseTo(
          thinkScore(original, truth, graded, options).score,
          9,
        );
      }),
      run,
    );
  });

  test('is 1 for any reordering of the reference', () => {
    fc.assert(
      fc.property(thought, (truth) => {
        expect(thinkScore([...truth].reverse(), truth, graded, options).score).toBeCloseTo(1, 9);
      }),
      run,
    );
  });
});
