import { describe, expect, test } from 'vitest';
import { GrpoConfig, grpo } from '../../../algorithms/grpo.ts';

const config = (more: object = {}) => GrpoConfig.parse({ kind: 'grpo', ...more });

describe('the advantages of GRPO', () => {
  test('compare the completions of a group with one another', () => {
    const advantages = grpo.advantages(
      [
        [2.5, 1],
        [1, 3.5],
      ],
      config(),
    );
    // Two rewards d apart: +-(d / 2) / (d / sqrt(2) + 1e-4).
    expect(advantages[0]![0]).toBeCloseTo(0.75 / (1.5 / Math.SQRT2 + 1e-4), 12);
    expect(advantages[0]![1]).toBe(-advantages[0]![0]!);
    expect(advantages[1]![0]).toBeCloseTo(-1.25 / (2.5 / Math.SQRT2 + 1e-4), 12);
    expect(advantages[1]![1]).toBe(-advantages[1]![0]!);
  });

  test('are differences alone with scaleRewards: none (Dr. GRPO)', () => {
    expect(grpo.advantages([[3, 1, 2, 2]], config({ scaleRewards: 'none' }))).toEqual([[1, -1, 0, 0]]);
  });

  test('of a group without differences are 0, or none with skipUniformGroups', () => {
    const rewards = [
      [1, 1],
      [1, 0],
    ];
    expect(grpo.advantages(rewards, config())[0]).toEqual([0, 0]);
    const skipped = grpo.advantages(rewards, config({ skipUniformGroups: true }));
    expect(skipped[0]).toEqual([null, null]);
    expect(skipped[1]).not.toContain(null);
  });

  test('leave out a completion without a reward, and compare the others without it', () => {
    const [group] = grpo.advantages([[3, null, 1.5]], config());
    expect(group![1]).toBeNull();
    expect(group![0]).toBeCloseTo(0.75 / (1.5 / Math.SQRT2 + 1e-4), 12);
    expect(group![2]).toBe(-group![0]!);
  });

  test('leave out a completion that has no other to be compared with', () => {
    expect(grpo.advantages([[3, null], [null, null], [2]], config())).toEqual([[null, null], [null, null], [null]]);
  });
});
