import { z } from 'zod';

/**
 * What a caption says of one event, in AutoDQ's three classes. Only `entailment` ever counts; the other two are kept
 * apart for people who look at a score.
 */
export const Verdict = z.enum(['entailment', 'neutral', 'contradiction']);
export type Verdict = z.infer<typeof Verdict>;

/** Two ratings of one caption, whole numbers from 0 (worst) to 5. */
export const CaptionRatings = z.strictObject({
  completeness: z.int().min(0).max(5),
  naturalness: z.int().min(0).max(5),
});
export type CaptionRatings = z.infer<typeof CaptionRatings>;
