import { uniformAt } from '../../../core/random.ts';
import type { Thought } from '../../../core/sample.ts';

const COLOURS = ['red', 'green', 'blue', 'yellow', 'purple', 'white', 'brown', 'grey', 'orange', 'black'];
const KINDS = ['man', 'woman', 'dog', 'bird', 'car', 'boat', 'child', 'horse', 'cyclist', 'train', 'cat', 'player'];
const PLACES = ['street', 'river', 'house', 'bridge', 'garden', 'hill', 'station', 'field', 'wall', 'harbour'];
const ACTIONS = ['walks along', 'turns towards', 'stops beside', 'passes', 'looks at', 'crosses', 'leaves', 'enters'];
const LOOKS = ['tall', 'small', 'old', 'young', 'bright', 'dark', 'striped', 'round', 'wet', 'shiny'];
const TIMES = ['slowly', 'quickly', 'again', 'at once', 'in the morning', 'at night', 'together', 'alone'];

/** Of a sample: its own analysis, and those of its completions. */
export type ThoughtGroup = readonly [reference: Thought, completions: Thought[]];

/** Analyses of `subjects` subjects each, in which hardly a phrase comes twice; other ones for every seed. */
export function thoughtGroups(seed: number, groups: number, completions: number, subjects: number): ThoughtGroup[] {
  const one = (...place: number[]) => thought(seed, place, subjects);
  return Array.from({ length: groups }, (_, g) => [
    one(g, 0),
    Array.from({ length: completions }, (_, c) => one(g, c + 1)),
  ]);
}

function thought(seed: number, place: readonly number[], subjects: number): Thought {
  const pick = (words: readonly string[], ...at: number[]) =>
    words[Math.floor(uniformAt(seed, [...place, ...at]) * words.length)]!;
  return Array.from({ length: subjects }, (_, s) => ({
    subject: `${pick(LOOKS, s, 0)} ${pick(COLOURS, s, 1)} ${pick(KINDS, s, 2)} near the ${pick(PLACES, s, 3)}`,
    attributes: [0, 1].map(
      (a) => `${pick(COLOURS, s, 4, a)} and ${pick(LOOKS, s, 5, a)} like a ${pick(KINDS, s, 6, a)}`,
    ),
    actions: [0, 1].map((a) => `${pick(ACTIONS, s, 7, a)} the ${pick(PLACES, s, 8, a)} ${pick(TIMES, s, 9, a)}`),
  }));
}
