import { z } from 'zod';
import type { CaptionCounts } from '../judge/read-caption.ts';

export const CaptionOptions = z.strictObject({
  /**
   * `stepped` is the paper's Escore; `linear` its event coverage; `f1` also penalises invented events.
   * `completeness-naturalness` is after the paper's CNscore: a language model's ratings of the caption as a whole.
   */
  variant: z.enum(['stepped', 'linear', 'f1', 'completeness-naturalness']).default('stepped'),
  /** Coverage from which `stepped` gives 0.5, and from which 1 (Escore's d1, d2). */
  thresholds: z
    .tuple([z.number().min(0).max(1), z.number().min(0).max(1)])
    .refine(([d1, d2]) => d1 <= d2, 'set the lower one, which gives 0.5, first, such as [0.28, 0.35]')
    .default([0.28, 0.35]),
});
export type CaptionOptions = z.infer<typeof CaptionOptions>;
/** The variants that are made of counted events. */
export type CountedOptions = CaptionOptions & {
  variant: Exclude<CaptionOptions['variant'], 'completeness-naturalness'>;
};

export function countsEvents(options: CaptionOptions): options is CountedOptions {
  return options.variant !== 'completeness-naturalness';
}

/** The caption reward of a config's variant, in [0, 1]. */
export function captionReward(counts: CaptionCounts, { variant, thresholds }: CountedOptions): number {
  switch (variant) {
    case 'stepped':
      return stepped(coverage(counts), thresholds);
    case 'linear':
      return coverage(counts);
    case 'f1':
      return claimF1(counts);
  }
}

/** Share of the reference's events that the caption entails; 1 if there are none, as in AutoDQ. */
export function coverage({ events, entailed }: CaptionCounts): number {
  return events === 0 ? 1 : entailed / events;
}

/**
 * VideoCap-R1's Escore (equation 6): 0 below d1, 0.5 from d1 on, 1 from d2 on. Recall only: invented events are free.
 */
export function stepped(coverage: number, [d1, d2]: readonly [number, number]): number {
  if (coverage >= d2) return 1;
  return coverage >= d1 ? 0.5 : 0;
}

/**
 * Harmonic mean of recall (reference events that the caption entails) and precision (claims that are true), so that
 * inventing events and leaving them out both cost. A caption without claims gets 0, unless the reference has no events.
 */
export function claimF1({ events, entailed, claims = 0, entailedClaims = 0 }: CaptionCounts): number {
  if (events === 0 && claims === 0) return 1;
  if (events === 0 || claims === 0) return 0;
  const recall = entailed / events;
  const precision = entailedClaims / claims;
  return recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision);
}

/**
 * Mean of a judge's two ratings (0-5), in [0, 1]. VideoCap-R1 scores captions by completeness and naturalness too
 * (CNscore, in its ablation), but publishes no formula: that both count alike is our choice.
 */
export function ratingsReward({ completeness, naturalness }: { completeness: number; naturalness: number }): number {
  return (completeness + naturalness) / 10;
}
