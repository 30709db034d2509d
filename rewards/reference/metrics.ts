import { comparedIn } from '../think/compared.ts';
import { type BleuCounts, bleu4 as bleu, bleuCounts, summedCounts } from './bleu.ts';
import { ciderD as cider } from './cider-d.ts';
import type { Measured, ReferenceMetric } from './metric.ts';
import { rougeL as rouge } from './rouge-l.ts';
import { words } from './words.ts';

const rougeL: ReferenceMetric = {
  name: 'rougeL',
  title: 'ROUGE-L',
  hint: 'longest common subsequence of words',
  range: [0, 1],
  colour: 'accent',
  measure: async (captions, reference) => each(captions, (caption) => ({ score: rouge(caption, words(reference)) })),
};

/** n-grams are weighted by how rare they are among the training references. */
const ciderD: ReferenceMetric = {
  name: 'ciderD',
  title: 'CIDEr-D',
  hint: 'common n-grams, rare ones count more; 100 is a score of 1, and 1000 the most',
  range: [0, 10],
  colour: 'orange',
  async measure(captions, reference, { documentFrequencies }) {
    const corpus = await documentFrequencies();
    return each(captions, (caption) => ({ score: cider(caption, words(reference), corpus) }));
  },
};

/** As a reward, of each caption alone; as a benchmark, of all captions' n-grams together, as BLEU is defined. */
const bleu4: ReferenceMetric = {
  name: 'bleu4',
  title: 'BLEU-4',
  hint: 'precision of 1- to 4-grams over all videos',
  range: [0, 1],
  colour: 'teal',
  measure: async (captions, reference) =>
    each(captions, (caption) => {
      const counts = bleuCounts(caption, words(reference));
      return { score: bleu(counts), counts: numbersOf(counts) };
    }),
  summary: (captions) => bleu(summedCounts(captions.map(({ counts }) => countsOf(counts!)))),
};

const embedding: ReferenceMetric = {
  name: 'embedding',
  title: 'Embedding similarity',
  hint: 'cosine of sentence embeddings; opposites are close; what the model cannot read, by characters',
  range: [0, 1],
  colour: 'violet',
  async measure(captions, reference, { similarity, onCompared, signal }) {
    const compare = await similarity('sentence-embedding').prepare([...captions, reference], signal);
    onCompared?.('embedding', comparedIn([...captions, reference], compare));
    return captions.map((caption) => ({ score: words(caption).length > 0 ? compare(caption, reference) : 0 }));
  },
};

/**
 * Every metric that compares a caption with the sample's own, by name: as a reward, and as a metric of the benchmark.
 */
export const REFERENCE_METRICS = { rougeL, ciderD, bleu4, embedding } as const;

function each(captions: readonly string[], measure: (words: readonly string[]) => Measured): Measured[] {
  return captions.map((caption) => measure(words(caption)));
}

function numbersOf({ length, referenceLength, ngrams, matches }: BleuCounts): number[] {
  return [length, referenceLength, ...ngrams, ...matches];
}

function countsOf([length, referenceLength, ...rest]: readonly number[]): BleuCounts {
  const orders = rest.length / 2;
  return {
    length: length!,
    referenceLength: referenceLength!,
    ngrams: rest.slice(0, orders),
    matches: rest.slice(orders),
  };
}
