import { z } from 'zod';
import { normalisePhrase, type PhraseSimilarity } from './similarity.ts';

/** How many phrases a component compared, and how many of them, at least in part, by their characters. */
export const Compared = z.strictObject({ phrases: z.int(), byCharacters: z.int() });
export type Compared = z.infer<typeof Compared>;

/** By component. */
export const ComparedPhrases = z.record(z.string(), Compared);
export type ComparedPhrases = z.infer<typeof ComparedPhrases>;

/** What one call of a component compared. */
export function comparedIn(phrases: readonly string[], { byCharacters }: PhraseSimilarity): Compared {
  const filled = phrases.filter((phrase) => normalisePhrase(phrase) !== '');
  return {
    phrases: filled.length,
    byCharacters: byCharacters ? filled.filter((phrase) => byCharacters(phrase) > 0).length : 0,
  };
}

/** Sums, by component. */
export function sumCompared(all: readonly (ComparedPhrases | undefined)[]): ComparedPhrases {
  const sums: ComparedPhrases = {};
  for (const [name, { phrases, byCharacters }] of all.flatMap((one) => Object.entries(one ?? {}))) {
    const sum = sums[name] ?? { phrases: 0, byCharacters: 0 };
    sums[name] = { phrases: sum.phrases + phrases, byCharacters: sum.byCharacters + byCharacters };
  }
  return sums;
}

/**
 * `think/byCharacters`: the share of a component's phrases that its measure could not read. Absent where it could read
 * all: then what the config names has graded everything.
 */
export function sharesByCharacters(compared: ComparedPhrases): Record<string, number> {
  return Object.fromEntries(
    Object.entries(compared).flatMap(([name, { phrases, byCharacters }]) =>
      byCharacters > 0 ? [[`${name}/byCharacters`, byCharacters / phrases]] : [],
    ),
  );
}
