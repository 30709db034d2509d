/** How much more recall counts than precision: pycocoevalcap's value, since captions are short. */
const BETA = 1.2;

/**
 * ROUGE-L (Lin 2004) of a caption and one reference, both as words, in [0, 1]: the F-measure of their longest common
 * subsequence, as `pycocoevalcap` computes it. 0 where one of them has no words.
 */
export function rougeL(caption: readonly string[], reference: readonly string[]): number {
  const common = commonSubsequence(caption, reference);
  if (common === 0) return 0;
  const precision = common / caption.length;
  const recall = common / reference.length;
  return ((1 + BETA ** 2) * precision * recall) / (recall + BETA ** 2 * precision);
}

/** The number of words of the longest common subsequence: time O(a b), memory O(b). */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    const next = new Uint32Array(b.length + 1);
    for (let j = 1; j <= b.length; j++) next[j] = word === b[j - 1] ? row[j - 1]! + 1 : Math.max(row[j]!, next[j - 1]!);
    row = next;
  }
  return row[b.length]!;
}
