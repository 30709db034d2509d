import { z } from 'zod';

/**
 * How alike two phrases are: 0 nothing in common, 1 the same. Symmetric, and exactly 1 for phrases that are equal once
 * `normalisePhrase` has taken away case, spacing and final punctuation. An empty phrase is like nothing, itself
 * included.
 */
export type PhraseSimilarity = (a: string, b: string) => number;

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
}

/** `"  Moves LEFT. "` -> `"moves left"`. */
export function normalisePhrase(phrase: string): string {
  return phrase
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/^[\s.,;:!?]+|[\s.,;:!?]+$/g, '');
}
