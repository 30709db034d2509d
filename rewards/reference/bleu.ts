import { LONGEST, ngramCounts } from './ngrams.ts';

/** What BLEU is made of. Counts of several captions add up to those of their corpus. */
export interface BleuCounts {
  /** Words of the caption and of the reference. */
  length: number;
  referenceLength: number;
  /** Of 1- to 4-grams: how many the caption has, and how many of them the reference has too, each as often. */
  ngrams: readonly number[];
  matches: readonly number[];
}

/** They keep a quotient of zeros finite, and are part of pycocoevalcap's numbers. */
const SMALL = 1e-9;
const TINY = 1e-15;

/** Counts of a caption and one reference, both as words. */
export function bleuCounts(caption: readonly string[], reference: readonly string[]): BleuCounts {
  const orders = Array.from({ length: LONGEST }, (_, i) => i + 1);
  return {
    length: caption.length,
    referenceLength: reference.length,
    ngrams: orders.map((n) => Math.max(0, caption.length - n + 1)),
    matches: orders.map((n) => {
      const wanted = ngramCounts(reference, n);
      return [...ngramCounts(caption, n)].reduce(
        (sum, [ngram, count]) => sum + Math.min(count, wanted.get(ngram) ?? 0),
        0,
      );
    }),
  };
}

/** BLEU counts of a corpus, from those of its captions. */
export function summedCounts(all: readonly BleuCounts[]): BleuCounts {
  const sum = (number: (counts: BleuCounts) => number) => all.reduce((total, counts) => total + number(counts), 0);
  const sums = (list: (counts: BleuCounts) => readonly number[]) =>
    Array.from({ length: LONGEST }, (_, i) => sum((counts) => list(counts)[i]!));
  return {
    length: sum(({ length }) => length),
    referenceLength: sum(({ referenceLength }) => referenceLength),
    ngrams: sums(({ ngrams }) => ngrams),
    matches: sums(({ matches }) => matches),
  };
}

/**
 * BLEU-4 (Papineni et al. 2002) in [0, 1]: the geometric mean of the precisions of 1- to 4-grams, times the brevity
 * penalty, as `pycocoevalcap` computes it. Of one caption without a common 4-gram it is close to 0, not exactly 0.
 */
export function bleu4({ length, referenceLength, ngrams, matches }: BleuCounts): number {
  const product = matches.reduce((bleu, match, i) => (bleu * (match + TINY)) / (ngrams[i]! + SMALL), 1);
  const ratio = (length + TINY) / (referenceLength + SMALL);
  return product ** (1 / LONGEST) * (ratio < 1 ? Math.exp(1 - 1 / ratio) : 1);
}
