import { characterF1, runsF1 } from './characters.ts';
import type { Reading } from './reading.ts';
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
 * @param cosine of the embeddings of what is read, in [0, 1].
 */
export function mixedSimilarity(a: ReadPhrase, b: ReadPhrase, cosine: number): number {
  const [left, right] = [apartFrom(a.reading, b.reading), apartFrom(b.reading, a.reading)];
  if (isMostlyUnread(a.reading) || isMostlyUnread(b.reading)) {
    const share = Math.max(left.readShare, right.readShare);
    return characterF1(a.phrase, b.phrase) * lowered(share, runsF1(left.readWords, right.readWords));
  }
  const share = Math.max(a.reading.unreadShare, b.reading.unreadShare);
  return cosine * lowered(share, characterF1(left.unread, right.unread));
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
    unread: unread.join(' '),
    readShare: read.length / Math.max(1, read.length + unread.length),
  };
}
