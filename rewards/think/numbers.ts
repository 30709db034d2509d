import { SIGN } from './reading.ts';

const NUMBER = new RegExp(String.raw`(?:${SIGN})?\p{Nd}+(?:[.,:/]\p{Nd}+)*`, 'gu');

/**
 * What numbers leave of the similarity of two phrases that both have some: 1 where these are the same, in any order.
 * To a model `-10 degrees` and `10 degrees` are almost one (0.985). The larger share of words that are numbers of one
 * phrase alone counts by its root, as in `mixedSimilarity`.
 */
export function likenessOfNumbers(a: string, b: string): number {
  const [mine, theirs] = [numbersIn(a), numbersIn(b)];
  if (mine.length === 0 || theirs.length === 0) return 1;
  const share = Math.max(alone(mine, theirs) / wordsIn(a), alone(theirs, mine) / wordsIn(b));
  return 1 - Math.sqrt(Math.min(1, share));
}

/** `+1,000.0` and `1000` are one number. */
function numbersIn(phrase: string): string[] {
  return (phrase.match(NUMBER) ?? []).map((found) => {
    const plain = found.replace(/,(?=\d{3}(?!\d))/g, '').replace(/^\+/, '');
    return /^-?\d{1,15}(\.\d{1,15})?$/.test(plain) ? `${Number(plain)}` : plain;
  });
}

const wordsIn = (phrase: string) => phrase.split(/\s+/).length;

/** How many of the numbers have no equal one among the others. */
function alone(numbers: readonly string[], others: readonly string[]): number {
  const left = [...others];
  return numbers.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  }).length;
}
