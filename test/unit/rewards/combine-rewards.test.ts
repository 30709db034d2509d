import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GrpoConfig, RewardConfig } from '../../../configs/schema.ts';
import { type Score, unscorable, value } from '../../../core/score.ts';
import { type ComponentScores, combineRewards } from '../../../rewards/combine-rewards.ts';

const grpo = GrpoConfig.parse({});
const config = (more: object = {}) => RewardConfig.parse(more);
const all = (...values: number[]): Score[] => values.map(value);
const scores = (format: Score[][], think: Score[][], caption: Score[][]): ComponentScores => ({
  format,
  think,
  caption,
});

describe('combineRewards', () => {
  test('adds the weighted components and compares within the group', () => {
    const { rewards, stats } = combineRewards(
      scores([all(1, 1), all(0, 1)], [all(0.5, 0), all(0, 0.5)], [all(0.5, 0), all(0.5, 1)]),
      config({ weights: { format: 1, think: 1, caption: 2 } }),
      grpo,
    );
    expect(rewards.total).toEqual([
      [2.5, 1],
      [1, 3.5],
    ]);
    // Two rewards d apart: +-(d / 2) / (d / sqrt(2) + 1e-4).
    expect(rewards.advantages[0]![0]).toBeCloseTo(0.75 / (1.5 / Math.SQRT2 + 1e-4), 12);
    expect(rewards.advantages[1]![0]).toBeCloseTo(-1.25 / (2.5 / Math.SQRT2 + 1e-4), 12);
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

  test('a group without differences has advantages of 0, or leaves with skipUniformGroups', () => {
    const same = scores([all(1, 1), all(1, 0)], [all(0, 0), all(0, 0)], [all(0, 0), all(0, 0)]);
    const kept = combineRewards(same, config(), grpo);
    expect(kept.rewards.advantages[0]).toEqual([0, 0]);
    expect(kept.stats.uniformShare).toBe(0.5);
    const skipped = combineRewards(same, config(), { ...grpo, skipUniformGroups: true });
    expect(skipped.rewards.advantages[0]).toEqual([null, null]);
    expect(skipped.rewards.total[0]).toEqual([1, 1]);
    expect(skipped.rewards.advantages[1]).not.toContain(null);
  });

  describe('a completion that could not be scored', () => {
    const broken = scores(
      [all(1, 1, 1), all(1, 0, 1)],
      [all(1, 0, 0.5), all(0, 0, 1)],
      [[value(1), unscorable('the judge refused to answer'), value(0)], all(0, 1, 1)],
    );

    test('takes its whole group with it', () => {
      const { rewards, stats } = combineRewards(broken, config({ unscorable: 'exclude-group' }), grpo);
      expect(rewards.total[0]).toEqual([null, null, null]);
      expect(rewards.advantages[0]).toEqual([null, null, null]);
      expect(rewards.total[1]).toEqual([1, 1, 3]);
      expect(stats).toMatchObject({ excluded: 3, mean: 5 / 3 });
    });

    test('or leaves alone, and the rest is compared without it', () => {
      const { rewards, stats } = combineRewards(broken, config({ unscorable: 'exclude-completion' }), grpo);
      expect(rewards.total[0]).toEqual([3, null, 1.5]);
      expect(rewards.advantages[0]![1]).toBeNull();
      expect(rewards.advantages[0]![0]).toBeCloseTo(0.75 / (1.5 / Math.SQRT2 + 1e-4), 12);
      expect(stats.excluded).toBe(1);
    });

    test('leaves nobody to compare with when only one is left', () => {
      const pair = scores([all(1, 1)], [all(1, 0)], [[value(1), unscorable('x')]]);
      const { rewards } = combineRewards(pair, config({ unscorable: 'exclude-completion' }), grpo);
      expect(rewards).toEqual({ total: [[3, null]], advantages: [[null, null]] });
    });

    test('pending is no number either', () => {
      const pending = scores([all(1, 1)], [all(1, 0)], [[value(1), { pending: true }]]);
      expect(combineRewards(pending, config(), grpo).rewards.total).toEqual([[null, null]]);
    });

    test('does not matter where its component has no weight', () => {
      const { rewards } = combineRewards(broken, config({ weights: { caption: 0 } }), grpo);
      expect(rewards.total[0]).toEqual([2, 1, 1.5]);
    });

    test('leaves statistics of nothing out, rather than making a number up', () => {
      const nothing = scores([[value(1)]], [[value(1)]], [[unscorable('x')]]);
      expect(combineRewards(nothing, config(), grpo).stats).toEqual({ format: 1, think: 1, excluded: 1 });
    });
  });

  test('scores of another shape are refused', () => {
    expect(() => combineRewards(scores([all(1, 1)], [all(1)], [all(1, 1)]), config(), grpo)).toThrow(
      'The think scores have nothing for completion 1 of group 0.',
    );
  });
});

test.each(['rewards/combine-rewards', 'algorithms/advantages'])(
  '%s.ts imports nothing of Node: workflow code runs it',
  (file) => {
    const source = readFileSync(new URL(`../../../${file}.ts`, import.meta.url), 'utf8');
    expect(source).not.toMatch(/from 'node:/);
  },
);
