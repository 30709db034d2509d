import type { Grid } from '../core/grid.ts';
import { mapGrid, type NumberGrid } from '../core/grid.ts';
import { type Score, scoreValue } from '../core/score.ts';
import { isUniform, mean, standardDeviation } from '../core/statistics.ts';
import { componentsOf, type RewardConfig } from './registry.ts';

/** The scores of a rollout's completions, by component. */
export type ComponentScores = Readonly<Record<string, Grid<Score>>>;

/**
 * The total reward of every completion: the sum of weight x component (VideoCap-R1, section 3.3: weights 1, 1, 1).
 * Pure.
 *
 * A completion that any component with a weight could not score has no total (`null`), and with `exclude-group` neither
 * has its whole group. A component of weight 0 is not part of the total.
 * @throws Error when a component's scores are missing or not laid out like the others': a stage answered for another
 * rollout.
 */
export function combineRewards(scores: ComponentScores, reward: RewardConfig): NumberGrid {
  const weighed = Object.entries(weightsOf(reward)).filter(([, weight]) => weight > 0);
  const layout = Object.values(scores)[0] ?? [];
  return layout.map((group, g) => {
    const totals = group.map((_, c) => {
      const parts = weighed.map(([name]) => scoreAt(scores, name, g, c));
      return parts.includes(undefined) ? null : weighed.reduce((sum, [, weight], i) => sum + weight * parts[i]!, 0);
    });
    return reward.unscorable === 'exclude-group' && totals.includes(null) ? totals.map(() => null) : totals;
  });
}

/** How much each component counts, in the order in which they are summed. */
export function weightsOf(reward: RewardConfig): Record<string, number> {
  return Object.fromEntries(componentsOf(reward).map(({ component, config }) => [component.name, config.weight]));
}

/**
 * `mean` and each component's mean over the completions that have it, `std` the mean of the groups' own standard
 * deviations (what there is to learn from), `uniformShare` the share of comparable groups without differences,
 * `excluded` the number of completions without a total. A statistic of nothing is absent.
 */
export function rewardStatistics(scores: ComponentScores, total: NumberGrid): Record<string, number> {
  const all = total.flat();
  const known = all.filter(isNumber);
  const comparable = total.map((group) => group.filter(isNumber)).filter((group) => group.length >= 2);
  return {
    ...meanOf('mean', known),
    ...meanOf('std', comparable.map(standardDeviation)),
    ...Object.assign(
      {},
      ...Object.entries(scores).map(([name, grid]) => meanOf(name, numbersOf(grid).flat().filter(isNumber))),
    ),
    ...meanOf(
      'uniformShare',
      comparable.map((group) => (isUniform(group) ? 1 : 0)),
    ),
    excluded: all.length - known.length,
  };
}

/** A score that is no number stays none: `null`, not 0. */
export function numbersOf(scores: Grid<Score>): NumberGrid {
  return mapGrid(scores, (score) => scoreValue(score) ?? null);
}

function scoreAt(scores: ComponentScores, name: string, g: number, c: number): number | undefined {
  const score = scores[name]?.[g]?.[c];
  if (!score) throw new Error(`The ${name} scores have nothing for completion ${c} of group ${g}.`);
  return scoreValue(score);
}

function meanOf(name: string, numbers: readonly number[]): Record<string, number> {
  return numbers.length === 0 ? {} : { [name]: mean(numbers) };
}

function isNumber(x: number | null | undefined): x is number {
  return typeof x === 'number';
}
