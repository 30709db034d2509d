import { groupAdvantages, isUniform, mean, standardDeviation } from '../algorithms/advantages.ts';
import type { GrpoConfig, RewardConfig } from '../configs/schema.ts';
import type { Rewards } from '../contracts/stages.ts';
import { type Score, scoreValue } from '../core/score.ts';

/** The reward's components, each `[groups][completions]` in the rollout's order. */
export interface ComponentScores {
  format: Score[][];
  think: Score[][];
  caption: Score[][];
}

const COMPONENTS = ['format', 'think', 'caption'] as const;

/**
 * Turns scores into rewards and advantages. total = sum of weight x component (VideoCap-R1, section 3.3: weights 1, 1, 1).
 * Pure, and runs inside the workflow.
 *
 * - A completion that any component with a weight could not score has no total, and with `exclude-group` neither has its
 *   whole group. A component of weight 0 is not asked.
 * - Advantages compare the completions of a group that have a total; fewer than two cannot be compared.
 * - `null` means left out of the update: no total, nobody to compare with, or (`skipUniformGroups`) no differences.
 *
 * `stats`: `mean` and each component's mean over the completions that have it, `std` the mean of the groups' own standard
 * deviations (what there is to learn from), `uniformShare` the share of comparable groups without differences, `excluded`
 * the number of completions without a total. A statistic of nothing is absent.
 */
export function combineRewards(
  scores: ComponentScores,
  { weights, unscorable }: Pick<RewardConfig, 'weights' | 'unscorable'>,
  { scaleRewards, skipUniformGroups }: Pick<GrpoConfig, 'scaleRewards' | 'skipUniformGroups'>,
): { rewards: Rewards; stats: Record<string, number> } {
  const weighed = COMPONENTS.filter((name) => weights[name] > 0);
  const total = scores.format.map((group, g) => {
    const totals = group.map((_, c) => {
      const parts = weighed.map((name) => scoreAt(scores, name, g, c));
      return parts.includes(undefined) ? null : weighed.reduce((sum, name, i) => sum + weights[name] * parts[i]!, 0);
    });
    return unscorable === 'exclude-group' && totals.includes(null) ? totals.map(() => null) : totals;
  });
  const advantages = total.map((totals) => {
    const known = totals.filter(isNumber);
    if (known.length < 2 || (skipUniformGroups && isUniform(known))) return totals.map(() => null);
    const relative = groupAdvantages(known, scaleRewards);
    return totals.map((reward) => (reward === null ? null : relative.shift()!));
  });
  return { rewards: { total, advantages }, stats: statistics(scores, total) };
}

function statistics(scores: ComponentScores, total: Rewards['total']): Record<string, number> {
  const all = total.flat();
  const known = all.filter(isNumber);
  const comparable = total.map((group) => group.filter(isNumber)).filter((group) => group.length >= 2);
  return {
    ...meanOf('mean', known),
    ...meanOf('std', comparable.map(standardDeviation)),
    ...Object.assign(
      {},
      ...COMPONENTS.map((name) => meanOf(name, scores[name].flat().map(scoreValue).filter(isNumber))),
    ),
    ...meanOf(
      'uniformShare',
      comparable.map((group) => (isUniform(group) ? 1 : 0)),
    ),
    excluded: all.length - known.length,
  };
}

/** @throws Error when a component's scores are not laid out like the others': a stage answered for another rollout. */
function scoreAt(scores: ComponentScores, name: (typeof COMPONENTS)[number], g: number, c: number): number | undefined {
  const score = scores[name][g]?.[c];
  if (!score) throw new Error(`The ${name} scores have nothing for completion ${c} of group ${g}.`);
  return scoreValue(score);
}

function meanOf(name: string, numbers: readonly number[]): Record<string, number> {
  return numbers.length === 0 ? {} : { [name]: mean(numbers) };
}

function isNumber(x: number | null | undefined): x is number {
  return typeof x === 'number';
}
