import { withoutPunctuation } from './reading.ts';
import { normalisePhrase } from './similarity.ts';

/** Runs of up to so many characters are compared: single ones alone would find `红色` in every phrase with both. */
const LONGEST_RUN = 3;

/**
 * How alike two phrases are by their characters, in [0, 1]: for runs of one, two and three characters, the F1 of the
 * runs that both have, each as often as it is there; then the mean of the three. As chrF (Popović 2015), but without
 * its weight on recall, so that it is symmetric. White space and punctuation do not count, except in numbers. It takes
 * the place of a model that cannot read a phrase.
 */
export function characterF1(a: string, b: string): number {
  const [left, right] = [normalisePhrase(a), normalisePhrase(b)];
  if (left === '' || right === '') return 0;
  if (left === right) return 1;
  return runsF1(...charactersOf(left, right));
}

/** The same for any two sequences, of words for instance: 1 where both are empty. */
export function runsF1(mine: readonly string[], theirs: readonly string[]): number {
  const longest = Math.min(LONGEST_RUN, Math.max(mine.length, theirs.length));
  if (longest === 0) return 1;
  let sum = 0;
  for (let length = 1; length <= longest; length++) sum += runF1(mine, theirs, length);
  return sum / longest;
}

/** Code points. Where a phrase is nothing but punctuation, that is what is compared. */
function charactersOf(...phrases: [string, string]): [string[], string[]] {
  const bare = phrases.map((phrase) => [...withoutPunctuation(phrase).replaceAll(/\s/gu, '')]);
  const all = phrases.map((phrase) => [...phrase.replaceAll(/\s/gu, '')]);
  return (bare.some((characters) => characters.length === 0) ? all : bare) as [string[], string[]];
}

function runF1(left: readonly string[], right: readonly string[], length: number): number {
  const counts = new Map<string, number>();
  for (const run of runsOf(left, length)) counts.set(run, (counts.get(run) ?? 0) + 1);
  let shared = 0;
  for (const run of runsOf(right, length)) {
    const count = counts.get(run) ?? 0;
    if (count === 0) continue;
    counts.set(run, count - 1);
    shared++;
  }
  const total = Math.max(0, left.length - length + 1) + Math.max(0, right.length - length + 1);
  return (2 * shared) / total;
}

/** Neither characters nor words have white space of their own. */
function* runsOf(sequence: readonly string[], length: number): Generator<string> {
  for (let i = 0; i + length <= sequence.length; i++) yield sequence.slice(i, i + length).join(' ');
}
