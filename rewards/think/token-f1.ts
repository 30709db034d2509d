import { characterF1 } from './characters.ts';
import { isUnspaced, SIGN } from './reading.ts';
import { normalisePhrase, type PhraseSimilarity, plainSimilarity, type Similarity } from './similarity.ts';
import { likenessOfOrder } from './word-order.ts';

/**
 * The model-free similarity: F1 over the words of two phrases, each word counted as often as it stands there (as SQuAD
 * scores answers). Two parts that exchange their places lower it (`likenessOfOrder`). It sees no synonyms: `moves left`
 * and `slides left` are as alike as `moves left` and `moves right`. Scripts without spaces between words are compared
 * by their characters.
 */
export class TokenF1 implements Similarity {
  readonly name = 'token-f1';

  async prepare(): Promise<PhraseSimilarity> {
    const byCharacters = (phrase: string) => (isUnspaced(phrase) ? 1 : 0);
    return Object.assign((a: string, b: string) => tokenF1(a, b), { byCharacters });
  }
}

export function tokenF1(a: string, b: string): number {
  const plain = plainSimilarity(a, b);
  if (plain !== undefined) return plain;
  if (isUnspaced(a) || isUnspaced(b)) return characterF1(a, b);
  const left = wordsOf(a);
  const right = wordsOf(b);
  if (left.length === 0 || right.length === 0) return 0;
  const counts = new Map<string, number>();
  for (const word of left) counts.set(word, (counts.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of right) {
    const count = counts.get(word) ?? 0;
    if (count === 0) continue;
    counts.set(word, count - 1);
    shared++;
  }
  return ((2 * shared) / (left.length + right.length)) * likenessOfOrder(normalisePhrase(a), normalisePhrase(b));
}

/** A run of letters with their marks and of digits, with the sign of a number; a symbol is a word of its own. */
const WORD = new RegExp(`(?:${SIGN}(?=\\p{Nd}))?[\\p{L}\\p{N}\\p{M}]+|\\p{S}`, 'gu');

function wordsOf(phrase: string): string[] {
  return normalisePhrase(phrase).match(WORD) ?? [];
}
