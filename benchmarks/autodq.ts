import type { CaptionCounts } from '../judge/read-caption.ts';

/** How well one caption fits its clip's reference, both in [0, 1]. */
export interface ClipScore {
  recall: number;
  precision: number;
}

/** Scores of a suite, each in [0, 1]. */
export interface SuiteScore extends ClipScore {
  f1: number;
}

/** The score of a clip without a caption, for which AutoDQ has no rule. */
export const NO_CAPTION: ClipScore = { recall: 0, precision: 0 };

/**
 * AutoDQ's scores of one clip (DREAM-1K, `bytedance/tarsier`): recall is the share of the reference's events that the
 * caption entails, precision the share of the caption's events that the reference entails. An empty list gives 1.
 */
export function clipScore({ events, entailed, claims = 0, entailedClaims = 0 }: CaptionCounts): ClipScore {
  return {
    recall: events === 0 ? 1 : entailed / events,
    precision: claims === 0 ? 1 : entailedClaims / claims,
  };
}

/**
 * AutoDQ's scores of a suite: mean recall and mean precision over clips, and the F1 **of these means**, not the mean of
 * the clips' F1. 0 where both are 0 (the authors' code divides by zero there). NaN without clips.
 */
export function suiteScore(clips: readonly ClipScore[]): SuiteScore {
  if (clips.length === 0) return { recall: Number.NaN, precision: Number.NaN, f1: Number.NaN };
  let recall = 0;
  let precision = 0;
  for (const clip of clips) {
    recall += clip.recall;
    precision += clip.precision;
  }
  recall /= clips.length;
  precision /= clips.length;
  return { recall, precision, f1: recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision) };
}

/** `recall 33.3, precision 50.0`, in points. */
export function recallAndPrecision({ recall, precision }: ClipScore): string {
  return `recall ${(100 * recall).toFixed(1)}, precision ${(100 * precision).toFixed(1)}`;
}
