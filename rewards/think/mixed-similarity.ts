import { assign } from './assignment.ts';
import { characterF1, runsF1 } from './characters.ts';
import { isUnspaced, type Reading } from './reading.ts';
import { withoutMarks } from './scripts.ts';

/** A phrase, and what a model can read of it. */
export interface ReadPhrase {
  phrase: string;
  reading: Reading;
}

/**
 * How alike two phrases are, in [0, 1], of which a model cannot read all. Each part lowers the similarity by its own
 * difference, whatever the other part is: in an average, one number in a Chinese sentence would count for nothing.
 *
 * Where most of a phrase is read, the embeddings of what is read count, lowered by how different the characters of the
 * rest are. Where most is not, the characters of the whole phrases count, lowered by how different the words are that
 * the model reads: numbers and single foreign words, whose embeddings are close (`2` and `9`: 0.95).
 *
 * A word that the model does not know and that has no counterpart lowers the similarity by itself, however many others
 * are the same: among their characters, its own would hardly count.
 * @param cosine of the embeddings of what is read, in [0, 1].
 */
export function mixedSimilarity(a: ReadPhrase, b: ReadPhrase, cosine: number): number {
  const [left, right] = [apartFrom(a.reading, b.reading), apartFrom(b.reading, a.reading)];
  if (isMostlyUnread(a.reading) || isMostlyUnread(b.reading)) {
    const share = Math.max(left.readShare, right.readShare);
    const likeness = characterF1(a.phrase, b.phrase);
    const wrong = wrongShare(left.unreadWords.filter(isUnspaced), right.unreadWords.filter(isUnspaced), left, right);
    return Math.min(likeness, lowered(wrong, 0)) * lowered(share, runsF1(left.readWords, right.readWords));
  }
  const share = Math.max(a.reading.unreadShare, b.reading.unreadShare);
  const likeness = characterF1(left.unreadWords.join(' '), right.unreadWords.join(' '));
  const wrong = wrongShare(left.unreadWords, right.unreadWords, left, right);
  return cosine * Math.min(lowered(share, likeness), lowered(wrong, 0));
}

/** Below this likeness of their characters two words are different words: `niño` and `niña` have 0.64. */
const SAME_WORD = 2 / 3;

interface Parts {
  readWords: readonly string[];
  unreadWords: readonly string[];
}

/** The larger share of words in one of two phrases that are among `mine` or `theirs`, and not in the other phrase. */
function wrongShare(mine: readonly string[], theirs: readonly string[], a: Parts, b: Parts): number {
  const [left, right] = [without(mine, theirs), without(theirs, mine)];
  // A word of one character is no other word; captions of scripts without spaces have hundreds.
  const likeness = left.filter(isLong).map((word) => right.filter(isLong).map((other) => characterF1(word, other)));
  const pairs = assign(likeness.map((row) => row.map((one) => (one < SAME_WORD ? 0 : one)))).length;
  const share = (wrong: number, { readWords, unreadWords }: Parts) =>
    wrong / Math.max(1, readWords.length + unreadWords.length);
  return Math.max(share(left.length - pairs, a), share(right.length - pairs, b));
}

const isLong = (word: string) => [...word].length > 1;

/** Words that are left where each of the others has taken away an equal one. */
function without(words: readonly string[], others: readonly string[]): string[] {
  const left = [...words];
  for (const other of others) {
    const at = left.indexOf(other);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

/**
 * What a part leaves of the similarity. It counts by the root of its share: one word of thirteen that differs costs
 * 0.28, so that phrases stay apart; in a caption of a hundred words it costs 0.1.
 */
function lowered(share: number, likeness: number): number {
  return 1 - Math.sqrt(share) * (1 - likeness);
}

/** Numbers are read in every language, so they do not make a phrase one that is mostly read. */
function isMostlyUnread({ readWords, unreadWords, unreadShare }: Reading): boolean {
  if (unreadWords.length === 0) return false;
  const letters = readWords.join('').match(/\p{L}/gu)?.length ?? 0;
  return unreadShare > 0.5 || [...unreadWords.join('')].length >= letters;
}

/** A word that the model reads counts as unread beside one that differs by its marks alone: `cafe` beside `café`. */
function apartFrom({ readWords, unreadWords }: Reading, other: Reading) {
  const bare = new Set(other.unreadWords.map(withoutMarks));
  const read = readWords.filter((word) => !bare.has(word));
  const unread = [...unreadWords, ...readWords.filter((word) => bare.has(word))];
  return {
    readWords: read,
    unreadWords: unread,
    readShare: read.length / Math.max(1, read.length + unread.length),
  };
}
