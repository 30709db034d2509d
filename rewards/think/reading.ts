/** What a model can make of a phrase. */
export interface Reading {
  /** The words that it knows, with punctuation: the whole phrase where it knows all of them; '' where it knows none. */
  read: string;
  /** The words that it knows, without punctuation. */
  readWords: string[];
  /** The words that it does not know: they are compared by their characters. */
  unreadWords: string[];
  /** The share of words that it does not know, in [0, 1]. */
  unreadShare: number;
}

/** Scripts without spaces between words: each of their characters is a word here, with marks and `ー`. */
const UNSPACED_SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar'];
const UNSPACED = String.raw`[${UNSPACED_SCRIPTS.map((name) => String.raw`\p{Script=${name}}`).join('')}][\p{M}ー]*`;
const LETTER = String.raw`(?:(?!${UNSPACED})[\p{L}\p{N}\p{M}])`;
/** A hyphen after a letter joins (`covid-19`); elsewhere it is the sign of the number that follows. */
export const SIGN = String.raw`(?:(?<![\p{L}\p{N}\p{M}])|(?<=${UNSPACED}))[-+−±]`;
/** `-10`, `3.5m`, `12:30`, `50%`: one word, since its parts alone say something else. */
const NUMBER = String.raw`(?:${SIGN})?\p{Nd}+(?:[.,:/]\p{Nd}+)*${LETTER}*[%‰]?`;
const WORD = new RegExp(`${UNSPACED}|${NUMBER}|${LETTER}+|\\S`, 'gu');
const IN_NUMBER = String.raw`${SIGN}(?=\p{Nd})|(?<=\p{Nd})(?:[.,:/](?=\p{Nd})|[%‰])`;
const PUNCTUATION = new RegExp(`(?!${IN_NUMBER})\\p{P}`, 'gu');
const SOME_UNSPACED = new RegExp(UNSPACED, 'u');

/**
 * Parts a phrase into words that a model knows and words that it does not. A word is a run of letters and digits, a
 * number with its sign, a symbol such as an emoji, or one character of a script without spaces. Punctuation counts only
 * where the model does not know it: alone it says nothing.
 * @param isKnown whether the model knows a word.
 */
export function readingOf(phrase: string, isKnown: (word: string) => boolean): Reading {
  const read: string[] = [];
  const unreadWords: string[] = [];
  for (const [word] of phrase.matchAll(WORD)) (isKnown(word) ? read : unreadWords).push(word);
  const readWords = read.filter((word) => !/^\p{P}$/u.test(word));
  if (unreadWords.length === 0) return { read: phrase, readWords, unreadWords, unreadShare: 0 };
  const unreadShare = unreadWords.length / (readWords.length + unreadWords.length);
  return { read: readWords.length === 0 ? '' : read.join(' '), readWords, unreadWords, unreadShare };
}

/** The words of a phrase, without punctuation. */
export function wordsOf(phrase: string): string[] {
  return [...phrase.matchAll(WORD)].map(([word]) => word).filter((word) => !/^\p{P}$/u.test(word));
}

/** Whether a phrase has characters of a script without spaces. */
export function isUnspaced(phrase: string): boolean {
  return SOME_UNSPACED.test(phrase);
}

/** A phrase without its punctuation, except that of numbers: `-10` and `10`, `3.5` and `35` stay apart. */
export function withoutPunctuation(phrase: string): string {
  return phrase.replaceAll(PUNCTUATION, '');
}
