import { distance } from 'fastest-levenshtein';

/** Longer words are not compared: known words are far shorter, and comparing long ones is slow. */
const MAX_WORD = 100;

/** The known word that was probably meant, or `undefined` when none is close. */
export function closest(word: string, known: readonly string[]): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const lengthens = (candidate: string) => Math.abs(candidate.length - word.length);
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits || lengthens(a.candidate) - lengthens(b.candidate));
  const best = ranked[0];
  // Two letters that changed places are two edits.
  const most = best && Math.max(best.candidate.length > 4 ? 2 : 1, Math.floor(best.candidate.length / 3));
  return best && best.edits <= most! ? best.candidate : undefined;
}

/** `, did you mean "x"?` as a clause to put behind a wrong name; empty when nothing is close. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = closest(word, known);
  return meant === undefined ? '' : ` (did you mean "${meant}"?)`;
}
