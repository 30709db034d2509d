import { LONGEST, ngramCounts } from './ngrams.ts';

/** In how many of a corpus's documents an n-gram occurs. */
export interface DocumentFrequencies {
  /** The number of documents. */
  documents: number;
  /** Only n-grams of at least two documents: an n-gram of one counts as much as an n-gram of none. */
  frequencies: ReadonlyMap<string, number>;
}

/** Of the length penalty, in 2-grams. */
const SIGMA = 6;
const SCALE = 10;

/** Document frequencies of 1- to 4-grams; each text, as words, is a document. */
export function documentFrequencies(texts: Iterable<readonly string[]>): DocumentFrequencies {
  const all = new Map<string, number>();
  let documents = 0;
  for (const text of texts) {
    documents += 1;
    for (let n = 1; n <= LONGEST; n++)
      for (const ngram of ngramCounts(text, n).keys()) all.set(ngram, (all.get(ngram) ?? 0) + 1);
  }
  return { documents, frequencies: new Map([...all].filter(([, count]) => count >= 2)) };
}

/**
 * CIDEr-D (Vedantam et al. 2015) of a caption and one reference, both as words, in [0, 10], as `pycocoevalcap` computes
 * it: the mean over 1- to 4-grams of the clipped cosine of TF-IDF vectors, times a Gaussian penalty on the difference
 * in length, times 10. 0 for every caption where the corpus has one document only: then every n-gram has weight 0.
 */
export function ciderD(caption: readonly string[], reference: readonly string[], corpus: DocumentFrequencies): number {
  const delta = Math.max(0, caption.length - 1) - Math.max(0, reference.length - 1);
  const penalty = Math.exp(-(delta ** 2) / (2 * SIGMA ** 2));
  let sum = 0;
  for (let n = 1; n <= LONGEST; n++) sum += clippedCosine(vector(caption, n, corpus), vector(reference, n, corpus));
  return (SCALE * sum * penalty) / LONGEST;
}

/** TF-IDF of a text's n-grams. */
function vector(text: readonly string[], n: number, { documents, frequencies }: DocumentFrequencies) {
  const idf = (ngram: string) => Math.log(documents) - Math.log(frequencies.get(ngram) ?? 1);
  return new Map([...ngramCounts(text, n)].map(([ngram, count]) => [ngram, count * idf(ngram)]));
}

/** An n-gram that the caption repeats counts at most as much as the reference has it. */
function clippedCosine(caption: ReadonlyMap<string, number>, reference: ReadonlyMap<string, number>): number {
  const norm = Math.sqrt(squares(caption)) * Math.sqrt(squares(reference));
  if (norm === 0) return 0;
  let dot = 0;
  for (const [ngram, weight] of caption) {
    const wanted = reference.get(ngram) ?? 0;
    dot += Math.min(weight, wanted) * wanted;
  }
  return dot / norm;
}

function squares(weights: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const weight of weights.values()) sum += weight ** 2;
  return sum;
}
