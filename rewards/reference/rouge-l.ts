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

/**
 * The number of words of the longest common subsequence, in time O(a b / 32): a row of the usual table differs from the
 * one above by steps of one, so that a bit for each word of `b` holds it (Hyyro 2004). A bit is 0 where the row has a
 * step.
 */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  const places = new Map<string, number[]>();
  for (const [j, word] of b.entries()) {
    const known = places.get(word);
    if (known) known.push(j);
    else places.set(word, [j]);
  }
  const row = new Uint32Array(Math.ceil(b.length / 32)).fill(0xffffffff);
  const scratch = new Uint32Array(row.length);
  const bits = (at: readonly number[]) => {
    const set = new Uint32Array(row.length);
    for (const j of at) set[j >>> 5]! |= 1 << (j & 31);
    return set;
  };
  // There are 32 words at most whose places take longer to set than a row.
  const often = new Map([...places].filter(([, at]) => at.length > row.length).map(([word, at]) => [word, bits(at)]));
  for (const word of a) {
    const at = places.get(word);
    if (!at) continue;
    const known = often.get(word);
    const matches = known ?? scratch;
    if (!known) for (const j of at) scratch[j >>> 5]! |= 1 << (j & 31);
    let carry = 0;
    for (let i = at[0]! >>> 5; i < row.length; i++) {
      const old = row[i]!;
      const match = matches[i]!;
      const sum = old + ((old & match) >>> 0) + carry;
      carry = sum > 0xffffffff ? 1 : 0;
      row[i] = sum | (old & ~match);
    }
    if (!known) for (const j of at) scratch[j >>> 5] = 0;
  }
  let common = 0;
  for (let j = 0; j < b.length; j++) if ((row[j >>> 5]! & (1 << (j & 31))) === 0) common += 1;
  return common;
}
