import { readJson } from '../client/read-answer.ts';
import { CaptionRatings } from '../verdict.ts';
import { readPrompt } from './prompt.ts';
import type { Question } from './question.ts';

export const COMPLETENESS_NATURALNESS = readPrompt('completeness-naturalness.v1');

/**
 * How much of `reference` does `caption` cover, and how well is it written? After VideoCap-R1's CNscore. Its two
 * aspects are the paper's; the paper publishes neither prompt nor scale nor formula, so those are ours.
 */
export function completenessNaturalness(caption: string, reference: string): Question<CaptionRatings> {
  return {
    prompt: COMPLETENESS_NATURALNESS,
    data: { reference, description: caption },
    shape: CaptionRatings,
    read: (text) => readJson(text, CaptionRatings, [reference, caption]),
  };
}
