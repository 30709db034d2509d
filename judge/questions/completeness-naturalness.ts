import { z } from 'zod';
import { readJson } from '../client/read-answer.ts';
import { readPrompt } from './prompt.ts';
import type { Question } from './question.ts';

/** Two ratings of one caption, whole numbers from 0 (worst) to 5. */
export const CaptionRatings = z.strictObject({
  completeness: z.int().min(0).max(5),
  naturalness: z.int().min(0).max(5),
});
export type CaptionRatings = z.infer<typeof CaptionRatings>;

export const COMPLETENESS_NATURALNESS = readPrompt('completeness-naturalness.v1');

/**
 * How much of `reference` does `caption` tell, and how well is it written? After VideoCap-R1's CNscore. Its two aspects are
 * the paper's; the paper publishes neither prompt nor scale nor formula, so those are ours.
 */
export function completenessNaturalness(caption: string, reference: string): Question<CaptionRatings> {
  return {
    prompt: COMPLETENESS_NATURALNESS,
    data: { reference, description: caption },
    shape: CaptionRatings,
    read: (text) => readJson(text, CaptionRatings, [reference, caption]),
  };
}
