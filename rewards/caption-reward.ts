import type { RewardConfig } from '../configs/schema.ts';
import type { CaptionCounts } from '../judge/read-caption.ts';

export type CaptionOptions = RewardConfig['caption'];
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

/** Share of the reference's events that the caption tells; 1 where there are none, as in AutoDQ. */
export function coverage({ events, told }: CaptionCounts): number {
  return events === 0 ? 1 : told / events;
}

/** VideoCap-R1's Escore (equation 6): 0 below d1, 0.5 from d1 on, 1 from d2 on. Recall only: invented events are free. */
export function stepped(coverage: number, [d1, d2]: readonly [number, number]): number {
  if (coverage >= d2) return 1;
  return coverage >= d1 ? 0.5 : 0;
}

/**
 * Harmonic mean of recall (reference events told) and precision (claims that are true), so that inventing events and
 * leaving them out both cost. A caption that claims nothing gets 0, unless there was nothing to tell.
 */
export function claimF1({ events, told, claims = 0, trueClaims = 0 }: CaptionCounts): number {
  if (events === 0 && claims === 0) return 1;
  if (events === 0 || claims === 0) return 0;
  const recall = told / events;
  const precision = trueClaims / claims;
  return recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision);
}

/**
 * Mean of a judge's two ratings (0-5), in [0, 1]. VideoCap-R1 scores captions by completeness and naturalness too (CNscore,
 * in its ablation), but publishes no formula: that both count alike is our choice.
 */
export function ratingsReward({ completeness, naturalness }: { completeness: number; naturalness: number }): number {
  return (completeness + naturalness) / 10;
}
