import { z } from 'zod';
import type { ComponentScores } from './combine-rewards.ts';

/** What the judge could score of a step. */
export const Scorable = z.strictObject({
  /** 0-1, of all that it was asked for. */
  share: z.number().min(0).max(1),
  /** Why most of the others have no score. */
  reason: z.string().optional(),
});
export type Scorable = z.infer<typeof Scorable>;

/** What the judge could score, by the scores of a step's rounds; `undefined` where it was asked for none. */
export function scorableOf(rounds: readonly ComponentScores[]): Scorable | undefined {
  const scores = rounds.flatMap(allOf);
  if (scores.length === 0) return undefined;
  const reasons = new Map<string, number>();
  for (const score of scores)
    if ('unscorable' in score) reasons.set(score.reason, (reasons.get(score.reason) ?? 0) + 1);
  const [most] = [...reasons].sort(([, a], [, b]) => b - a);
  return { share: 1 - unscorableShare(rounds), ...(most && { reason: most[0] }) };
}

/** What the judge could not score, in [0, 1] of all that it was asked for. */
export function unscorableShare(rounds: readonly ComponentScores[]): number {
  const scores = rounds.flatMap(allOf);
  return scores.filter((score) => 'unscorable' in score).length / scores.length;
}

function allOf(judged: ComponentScores) {
  return Object.values(judged).flat(2);
}
