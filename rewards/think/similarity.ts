import { z } from 'zod';
import type { Identity } from '../../core/identity.ts';
import { plainMarks, withoutMarkup } from './markup.ts';

/**
 * How alike two phrases are: 0 nothing in common, 1 the same. Symmetric, and exactly 1 for phrases that are equal once
 * `normalisePhrase` has taken away case, spacing and final punctuation. An empty phrase is like nothing, itself
 * included; one of nothing but final punctuation (`?`, `...`) is like itself alone.
 */
export interface PhraseSimilarity {
  (a: string, b: string): number;
  /**
   * The share of a phrase that is compared by its characters, in [0, 1], since the measure cannot read it. Of no
   * phrase where this is absent.
   */
  byCharacters?(phrase: string): number;
}

/** The similarities that a config can name. */
export const SimilarityName = z.enum(['sentence-embedding', 'token-f1']);
export type SimilarityName = z.infer<typeof SimilarityName>;

/** A way to compare phrases that may have to compute first: a model that embeds them, for instance. */
export interface Similarity {
  readonly name: string;
  /**
   * Makes ready for comparing any two of these phrases; duplicates cost nothing.
   * @throws VideocapError `MissingTool` when a model that is needed is not installed.
   */
  prepare(phrases: Iterable<string>, signal?: AbortSignal): Promise<PhraseSimilarity>;
  /** What its model computes with; absent where it has none. */
  identity?(): Promise<Identity>;
}

/** The ends of sentences in other scripts, beside `.,;:!?`, which NFKC makes of their full-width forms. */
const ENDS = '[\\s.,;:!?。、،؛؟۔।॥]';
const AROUND = new RegExp(`^(?:(?![.,]\\d)${ENDS})+|${ENDS}+$`, 'g');
const BLANK = /[\s\p{Default_Ignorable_Code_Point}]/gu;

/**
 * `"  Moves LEFT. "` -> `"moves left"`. Texts that look alike become the same: composed and decomposed letters,
 * full-width forms, the signs of minus, quotation marks, characters that show nothing, such as the one that only asks
 * for the colourful form of an emoji. Marks of lists, of quotation and of emphasis around a phrase are no part of it.
 */
export function normalisePhrase(phrase: string): string {
  const plain = plainMarks(phrase.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, ''))
    .toLowerCase()
    .normalize('NFKC')
    .replace(/\s+/g, ' ');
  return withoutMarkup(plain, AROUND);
}

/** The similarity that needs no measure: of equal phrases, and of those without a word. Undefined for all others. */
export function plainSimilarity(a: string, b: string): 0 | 1 | undefined {
  const [left, right] = [normalisePhrase(a), normalisePhrase(b)];
  if (left !== '' && right !== '') return left === right ? 1 : undefined;
  const [mine, theirs] = [a, b].map((phrase) => phrase.normalize('NFKC').replaceAll(BLANK, ''));
  return mine !== '' && mine === theirs ? 1 : 0;
}
