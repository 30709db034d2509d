import { type ClipScore, type SuiteScore, suiteScore } from '../autodq.ts';

/** A clip's scores with what its place in the tables depends on. */
export interface Dream1kClip extends ClipScore {
  category: string;
  subjects?: number | undefined;
  shots?: number | undefined;
  events?: number | undefined;
}

/**
 * DREAM-1K's scores by category, in alphabetical order, each in [0, 1]: mean recall, mean precision, and the F1 of
 * these means.
 */
export function categoryScores(clips: readonly Dream1kClip[]): Map<string, SuiteScore & { clips: number }> {
  const groups = new Map<string, Dream1kClip[]>();
  for (const clip of clips) {
    const group = groups.get(clip.category);
    if (group) group.push(clip);
    else groups.set(clip.category, [clip]);
  }
  const names = [...groups.keys()].sort();
  return new Map(names.map((name) => [name, { ...suiteScore(groups.get(name)!), clips: groups.get(name)!.length }]));
}

/**
 * The overall scores: recall and precision are the means over **categories**, however many clips each has, and F1 is
 * that of these two. NaN without clips.
 */
export function overallScore(clips: readonly Dream1kClip[]): SuiteScore {
  return suiteScore([...categoryScores(clips).values()]);
}

/** The authors' buckets: a label, and which numbers belong to it. */
const UP_TO_FOUR = [
  ['<= 1', (n: number) => n <= 1],
  ['2', (n: number) => n === 2],
  ['3', (n: number) => n === 3],
  ['>= 4', (n: number) => n >= 4],
] as const;
export const DREAM1K_BUCKETS = {
  subjects: UP_TO_FOUR,
  shots: UP_TO_FOUR,
  events: [
    ['<= 3', (n: number) => n <= 3],
    ['4-5', (n: number) => n === 4 || n === 5],
    ['6-7', (n: number) => n === 6 || n === 7],
    ['>= 8', (n: number) => n >= 8],
  ],
} as const;

/** Scores of the clips in every bucket, over all categories together; those of an empty bucket are NaN. */
export function bucketScores(
  clips: readonly Dream1kClip[],
  by: keyof typeof DREAM1K_BUCKETS,
): (SuiteScore & { label: string; clips: number })[] {
  return DREAM1K_BUCKETS[by].map(([label, holds]) => {
    const inside = clips.filter((clip) => clip[by] !== undefined && holds(clip[by]));
    return { label, ...suiteScore(inside), clips: inside.length };
  });
}
