/** Scripts that put no spaces between words: every character of theirs counts as a word, as in sacreBLEU. */
const UNSPACED = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]`;
const LETTER = String.raw`(?!${UNSPACED})[\p{L}\p{M}\p{N}]`;
/** Between letters or digits these belong to the word: `don't`, `t-shirt`, `3.5`. */
const INNER = "['’.,-]";
const WORD = new RegExp(`${UNSPACED}|(?:${LETTER})+(?:${INNER}(?:${LETTER})+)*`, 'gu');

/**
 * A caption as the words that it is compared by: in lower case, without punctuation. In time linear in the text.
 *
 * pycocoevalcap runs Stanford's PTB tokenizer in Java instead, and differs in three ways: it splits contractions
 * (`don't` into `do` and `n't`, `man's` into `man` and `'s`), it keeps symbols such as `$` and `%` as words, and it
 * takes Chinese and Japanese text between spaces as one word.
 */
export function words(caption: string): string[] {
  return caption.normalize('NFKC').toLowerCase().match(WORD) ?? [];
}
