import { wordsOf } from './reading.ts';

/** `and` and `or`: each of the two things around them may come first. */
const JOINING = new Set([
  ...['and', 'or', 'nor', '&', '+', 'und', 'oder', 'et', 'ou', 'y', 'e', 'o', 'of', 'och', 'eller', 'og', 'lub', 'и'],
  ...[
    'или',
    'та',
    've',
    'veya',
    'và',
    'hoặc',
    'dan',
    'atau',
    'و',
    'أو',
    'और',
    'या',
    '和',
    '与',
    '及',
    '或',
    'と',
    'や',
  ],
]);
/** The share of each phrase's words that the other must have, too, for their order to be compared. */
const SHARED = 2 / 3;

/**
 * What the order of words leaves of the similarity of two phrases: less than 1 where two parts have exchanged their
 * places around a third, as in `dog bites man` and `man bites dog`, `from left to right` and `from right to left`. To a
 * sentence embedding such phrases are almost one (0.97 and more). A part that only moves (`slowly walks`, `walks
 * slowly`) and things in a list (`a man and a dog`) may come in any order. The share of words that have changed places
 * counts by its root, as in `mixedSimilarity`.
 */
export function likenessOfOrder(a: string, b: string): number {
  const [mine, theirs] = [wordsOf(a), wordsOf(b)];
  const [left, right] = [shared(mine, theirs), shared(theirs, mine)];
  if (left.length < SHARED * Math.max(mine.length, theirs.length)) return 1;
  const exchanged = exchangedWords(left, right);
  return exchanged === 0 ? 1 : 1 - Math.sqrt(exchanged / left.length);
}

/** How many words have exchanged their places. Both phrases have the same words. */
function exchangedWords(left: readonly string[], right: readonly string[]): number {
  let [first, end] = [0, left.length];
  while (first < end && left[first] === right[first]) first++;
  while (end > first && left[end - 1] === right[end - 1]) end--;
  const [a, b] = [left.slice(first, end), right.slice(first, end)];
  const all = a.length;
  if (all === 0 || isMoved(a, b)) return 0;
  // Found first, since they are few: captions have thousands of words.
  const lengths = Array.from({ length: all }, (_, i) => i + 1);
  const heads = lengths.filter((head) => isSame([a, 0], [b, all - head], head));
  const tails = lengths.filter((tail) => isSame([a, all - tail], [b, 0], tail));
  for (const head of heads)
    for (const tail of tails) {
      const between = all - head - tail;
      if (between < 1 || !isSame([a, head], [b, tail], between)) continue;
      return a.slice(head, all - tail).some((word) => JOINING.has(word)) ? 0 : head + tail;
    }
  return 0;
}

/** Whether one part of `a` has only moved behind the other. */
function isMoved(a: readonly string[], b: readonly string[]): boolean {
  return a.some((_, i) => isSame([a, i], [b, 0], a.length - i) && isSame([a, 0], [b, a.length - i], i));
}

type Place = readonly [words: readonly string[], from: number];

/** Whether so many words from one place on are those from another place on. */
function isSame([a, from]: Place, [b, other]: Place, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[from + i] !== b[other + i]) return false;
  return true;
}

/** The words of one phrase that the other has, too, each as often as there. */
function shared(words: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return words.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}
