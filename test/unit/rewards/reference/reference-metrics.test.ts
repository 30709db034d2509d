import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bleu4, bleuCounts, summedCounts } from '../../../../rewards/reference/bleu.ts';
import { ciderD, documentFrequencies } from '../../../../rewards/reference/cider-d.ts';
import { REFERENCE_METRICS } from '../../../../rewards/reference/metrics.ts';
import { rougeL } from '../../../../rewards/reference/rouge-l.ts';
import { processorSeconds } from '../../../processor-seconds.ts';

/** Scores that pycocoevalcap gave for the same words: `test/fixtures/rewards/reference-metrics.py`. */
const golden = JSON.parse(
  readFileSync(new URL('../../../fixtures/rewards/reference-metrics.json', import.meta.url), 'utf8'),
) as {
  pairs: [string, string][];
  train: string[];
  rougeL: number[];
  bleu4: number[];
  corpusBleu4: number;
  ciderD: { ownReferences: number[]; train: number[] };
};
const split = (text: string) => text.split(' ');
const pairs = golden.pairs.map(([caption, reference]) => [split(caption), split(reference)] as const);

function expectClose(actual: readonly number[], expected: readonly number[]) {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i], `pair ${i}`).toBeCloseTo(value, 10);
}

describe("pycocoevalcap's numbers, to 10 digits", () => {
  test('ROUGE-L', () => {
    expectClose(
      pairs.map(([caption, reference]) => rougeL(caption, reference)),
      golden.rougeL,
    );
  });

  test('BLEU-4 of each caption, and of all', () => {
    const counts = pairs.map(([caption, reference]) => bleuCounts(caption, reference));
    expectClose(counts.map(bleu4), golden.bleu4);
    expect(bleu4(summedCounts(counts))).toBeCloseTo(golden.corpusBleu4, 10);
  });

  test('CIDEr-D with the references themselves as corpus, and with another one', () => {
    const scores = (corpus: readonly string[]) => {
      const frequencies = documentFrequencies(corpus.map(split));
      return pairs.map(([caption, reference]) => ciderD(caption, reference, frequencies));
    };
    expectClose(scores(golden.pairs.map(([, reference]) => reference)), golden.ciderD.ownReferences);
    expectClose(scores(golden.train), golden.ciderD.train);
  });
});

describe('for any texts', () => {
  const text = fc.array(fc.constantFrom('a', 'dog', 'runs', 'over', 'the', 'hill', '__proto__'), { maxLength: 12 });
  const corpus = documentFrequencies([['a', 'dog'], ['the', 'hill'], ['a', 'hill'], []]);

  test('the longest common subsequence is that of the usual table', () => {
    const long = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 100 });
    fc.assert(
      fc.property(long, long, (caption, reference) => {
        const common = fromTable(caption, reference);
        const [precision, recall] = [common / caption.length, common / reference.length];
        const expected = common === 0 ? 0 : ((1 + 1.2 ** 2) * precision * recall) / (recall + 1.2 ** 2 * precision);
        expect(rougeL(caption, reference)).toBe(expected);
      }),
    );
  });

  test('ROUGE-L of long texts takes a small part of the time of the usual table', () => {
    const words = (count: number) => Array.from({ length: count }, (_, i) => `w${(i * i) % 97}`);
    const [caption, reference] = [words(3000), words(2500)];
    const table = processorSeconds(() => fromTable(caption, reference));
    expect(processorSeconds(() => rougeL(caption, reference))).toBeLessThan(table / 2);
  });

  test('scores stay in their ranges, and words that the reference lacks earn nothing', () => {
    fc.assert(
      fc.property(text, text, (caption, reference) => {
        const scores = [rougeL(caption, reference), bleu4(bleuCounts(caption, reference))];
        for (const score of [...scores, ciderD(caption, reference, corpus) / 10]) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1 + 1e-6);
        }
        const stranger = caption.map((word) => `${word}x`);
        expect(rougeL(stranger, reference)).toBe(0);
        expect(ciderD(stranger, reference, corpus)).toBe(0);
        expect(bleu4(bleuCounts(stranger, reference))).toBeLessThan(1e-3);
      }),
    );
  });

  test('nothing is better than the reference itself', () => {
    fc.assert(
      fc.property(text, text, (caption, reference) => {
        fc.pre(reference.length > 0);
        expect(rougeL(reference, reference)).toBeCloseTo(1, 12);
        expect(rougeL(caption, reference)).toBeLessThanOrEqual(1 + 1e-12);
        const own = ciderD(reference, reference, corpus);
        expect(ciderD(caption, reference, corpus)).toBeLessThanOrEqual(own + 1e-9);
      }),
    );
  });

  test('a caption without words scores 0', () => {
    expect(rougeL([], ['a'])).toBe(0);
    expect(ciderD([], ['a'], corpus)).toBe(0);
    expect(bleu4(bleuCounts([], ['a']))).toBe(0);
    expect(bleu4(bleuCounts([], []))).toBe(0);
  });
});

test('n-grams of one document are not kept: they count as much as those of none', () => {
  const { documents, frequencies } = documentFrequencies([
    split('a dog runs'),
    split('a dog sleeps'),
    split('a a cat'),
  ]);
  expect(documents).toBe(3);
  expect([...frequencies]).toEqual([
    ['a', 3],
    ['dog', 2],
    ['a dog', 2],
  ]);
});

/** The length of the longest common subsequence, by its recurrence. */
function fromTable(a: readonly string[], b: readonly string[]): number {
  const table = [new Array<number>(b.length + 1).fill(0)];
  for (const [i, word] of a.entries()) {
    const row = [0];
    for (const [j, other] of b.entries())
      row.push(word === other ? table[i]![j]! + 1 : Math.max(table[i]![j + 1]!, row[j]!));
    table.push(row);
  }
  return table[a.length]![b.length]!;
}

test('a caption without words, such as an emoji, is like nothing, also for embeddings', async () => {
  const similarity = () => ({ name: 'all-alike', prepare: async () => () => 0.7 });
  const tools = { similarity, documentFrequencies: async () => corpusOfOne };
  for (const metric of Object.values(REFERENCE_METRICS)) {
    const measured = await metric.measure(['\u{1f600}', '', '...', 'A dog.'], 'A dog runs.', tools);
    expect(measured.map(({ score }) => score > 0)).toEqual([false, false, false, metric.name !== 'ciderD']);
  }
});
const corpusOfOne = documentFrequencies([['a', 'dog', 'runs']]);
