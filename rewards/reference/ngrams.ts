/** The longest n-grams that BLEU-4 and CIDEr-D count. */
export const LONGEST = 4;

/**
 * How often each n-gram of `n` words occurs, in the order of the text. An n-gram is its words with spaces between them.
 * A text of fewer than `n` words has none.
 */
export function ngramCounts(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let from = 0; from + n <= words.length; from++) {
    const ngram = words.slice(from, from + n).join(' ');
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}
