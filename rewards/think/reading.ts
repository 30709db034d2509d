/** What a model can make of a phrase. */
export interface Reading {
  /** The words that it knows, with punctuation: the whole phrase where it knows all of them; '' where it knows none. */
  read: string;
  /** The words that it does not know, joined: they are compared by their characters. */
  unread: string;
  /** The share of words that it does not know, in [0, 1]. */
  unreadShare: number;
}

/** Scripts without spaces between words: each of their characters is a word here. */
const UNSPACED_SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar'];
const UNSPACED = String.raw`[${UNSPACED_SCRIPTS.map((name) => String.raw`\p{Script=${name}}`).join('')}]\p{M}*`;
const WORD = new RegExp(`${UNSPACED}|(?:(?!${UNSPACED})[\\p{L}\\p{N}\\p{M}])+|\\S`, 'gu');
const SOME_UNSPACED = new RegExp(UNSPACED, 'u');

/**
 * Parts a phrase into words that a model knows and words that it does not. A word is a run of letters and digits, a
 * symbol such as an emoji, or one character of a script without spaces. Punctuation counts only where the model does
 * not know it: alone it says nothing.
 * @param isKnown whether the model knows a word.
 */
export function readingOf(phrase: string, isKnown: (word: string) => boolean): Reading {
  const read: string[] = [];
  const unread: string[] = [];
  let known = 0;
  for (const [word] of phrase.matchAll(WORD)) {
    if (!isKnown(word)) {
      unread.push(word);
      continue;
    }
    read.push(word);
    if (!/^\p{P}$/u.test(word)) known++;
  }
  if (unread.length === 0) return { read: phrase, unread: '', unreadShare: 0 };
  const unreadShare = unread.length / (known + unread.length);
  return { read: known === 0 ? '' : read.join(' '), unread: unread.join(''), unreadShare };
}

/** Whether a phrase has characters of a script without spaces. */
export function isUnspaced(phrase: string): boolean {
  return SOME_UNSPACED.test(phrase);
}
