import { describe, expect, test } from 'vitest';
import { type Score, unscorable, value } from '../../../core/score.ts';
import { type ComponentScores, combineRewards, numbersOf, rewardStatistics } from '../../../rewards/combine-rewards.ts';
import { RewardConfig } from '../../../rewards/registry.ts';

const config = (more: object = {}) => RewardConfig.parse(more);
const all = (...values: number[]): Score[] => values.map(value);
const scores = (format: Score[][], think: Score[][], caption: Score[][]): ComponentScores => ({
  format,
  think,
  caption,
});

/** The totals, and the statistics of them. */
function combined(componentScores: ComponentScores, reward: RewardConfig) {
  const total = combineRewards(componentScores, reward);
  return { total, stats: rewardStatistics(componentScores, total) };
}

describe('combineRewards', () => {
  test('adds the weighted components', () => {
    const { total, stats } = combined(
      scores([all(1, 1), all(0, 1)], [all(0.5, 0), all(0, 0.5)], [all(0.5, 0), all(0.5, 1)]),
      config({ caption: { weight: 2 } }),
    );
    expect(total).toEqual([
      [2.5, 1],
      [1, 3.5],
    ]);
    expect(stats).toEqual({
      mean: 2,
      std: (1.5 + 2.5) / 2 / Math.SQRT2,
      format: 0.75,
      think: 0.25,
      caption: 0.5,
      uniformShare: 0,
      excluded: 0,
    });
  });

  test('a group without differences has totals like any other, and counts as uniform', () => {
    const same = scores([all(1, 1), all(1, 0)], [all(0, 0), all(0, 0)], [all(0, 0), all(0, 0)]);
    const { total, stats } = combined(same, config());
    expect(total[0]).toEqual([1, 1]);
    expect(stats.uniformShare).toBe(0.5);
  });

  describe('a completion that could not be scored', () => {
    const broken = scores(
      [all(1, 1, 1), all(1, 0, 1)],
      [all(1, 0, 0.5), all(0, 0, 1)],
      [[value(1), unscorable('the judge refused to answer'), value(0)], all(0, 1, 1)],
    );

    test('takes its whole group with it', () => {
      const { total, stats } = combined(broken, config({ unscorable: 'exclude-group' }));
      expect(total[0]).toEqual([null, null, null]);
      expect(total[1]).toEqual([1, 1, 3]);
      expect(stats).toMatchObject({ excluded: 3, mean: 5 / 3 });
    });

    test('or leaves alone', () => {
      const { total, stats } = combined(broken, config({ unscorable: 'exclude-completion' }));
      expect(total[0]).toEqual([3, null, 1.5]);
      expect(stats.excluded).toBe(1);
    });

    test('leaves a group that is not comparable when only one is left', () => {
      const pair = scores([all(1, 1)], [all(1, 0)], [[value(1), unscorable('x')]]);
      const { total, stats } = combined(pair, config({ unscorable: 'exclude-completion' }));
      expect(total).toEqual([[3, null]]);
      expect(stats).not.toHaveProperty('uniformShare');
      expect(stats).not.toHaveProperty('std');
    });

    test('pending is no number either', () => {
      const pending = scores([all(1, 1)], [all(1, 0)], [[value(1), { pending: true }]]);
      expect(combineRewards(pending, config())).toEqual([[null, null]]);
    });

    test('does not matter where its component has no weight', () => {
      expect(combineRewards(broken, config({ caption: { weight: 0 } }))[0]).toEqual([2, 1, 1.5]);
    });

    test('leaves statistics of nothing out, rather than making a number up', () => {
      const nothing = scores([[value(1)]], [[value(1)]], [[unscorable('x')]]);
      expect(combined(nothing, config()).stats).toEqual({ format: 1, think: 1, excluded: 1 });
    });

    test('has no number in the record, which is not 0', () => {
      expect(numbersOf([[value(0.5), unscorable('x'), { pending: true }]])).toEqual([[0.5, null, null]]);
    });
  });

  test('scores of another shape are refused', () => {
    expect(() => combineRewards(scores([all(1, 1)], [all(1)], [all(1, 1)]), config())).toThrow(
      /think .*completion 1 of group 0\./,
    );
  });

  test('a component without scores is refused', () => {
    const { think, ...others } = scores([all(1, 1)], [all(1, 1)], [all(1, 1)]);
    expect(() => combineRewards(others, config())).toThrow(/think .*completion 0 of group 0\./);
  });
});
