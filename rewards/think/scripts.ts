/** Scripts that a vocabulary is searched for. A letter of any other script counts as one that no model reads. */
const SCRIPTS = [
  ...['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Han', 'Hiragana', 'Katakana', 'Hangul', 'Thai', 'Lao'],
  ...['Khmer', 'Myanmar', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Tamil', 'Telugu', 'Kannada', 'Malayalam'],
  ...['Sinhala', 'Armenian', 'Georgian', 'Ethiopic', 'Tibetan', 'Mongolian'],
].map((name) => ({
  name,
  letter: new RegExp(`\\p{Script=${name}}`, 'u'),
  run: new RegExp(`\\p{Script=${name}}{2}`, 'u'),
}));

/** Pieces of at least two letters that a vocabulary has of a script which its model has learnt words of. */
const FEWEST_RUNS = 100;
/** Or pieces at all: of Chinese some models have single characters only, but then thousands. */
const FEWEST_PIECES = 2000;

/**
 * The scripts whose words a model has learnt, by its vocabulary. An English model has the letters of many others, one
 * by one, and of Chinese the few hundred characters that English texts quote: it spells such words, and its
 * embeddings of different ones are close.
 * @param pieces of the vocabulary, as text.
 */
export function scriptsLearnt(pieces: Iterable<string>): ReadonlySet<string> {
  const counts = new Map(SCRIPTS.map(({ name }) => [name, { runs: 0, pieces: 0 }]));
  for (const piece of pieces)
    for (const { name, letter, run } of SCRIPTS) {
      if (!letter.test(piece)) continue;
      const count = counts.get(name)!;
      count.pieces++;
      if (run.test(piece)) count.runs++;
    }
  const learnt = [...counts].filter(([, { runs, pieces }]) => runs >= FEWEST_RUNS || pieces >= FEWEST_PIECES);
  return new Set(learnt.map(([name]) => name));
}

/** Whether every letter of a word is of one of these scripts. Digits and symbols are of none, and need none. */
export function isWrittenIn(scripts: ReadonlySet<string>, word: string): boolean {
  return (word.match(/\p{L}/gu) ?? []).every((letter) => {
    const script = SCRIPTS.find((one) => one.letter.test(letter));
    // Letters that several scripts share, such as the modifier letters, need none either.
    return script ? scripts.has(script.name) : /\p{Script=Common}|\p{Script=Inherited}/u.test(letter);
  });
}

/** `người` -> `nguoi`: letters without the marks that Unicode takes apart from them. */
export function withoutMarks(word: string): string {
  return word.normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC');
}
