import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CompletionAlgorithm } from '../../../algorithms/algorithm.ts';
import { groupUses, withDynamicSampling } from '../../../algorithms/dynamic-sampling.ts';
import { GrpoConfig, grpo } from '../../../algorithms/grpo.ts';
import type { NumberGrid } from '../../../core/grid.ts';

const config = (samplesPerStep: number, maxRounds?: number, more: object = {}) =>
  GrpoConfig.parse({ samplesPerStep, ...(maxRounds && { dynamicSampling: { maxRounds } }), ...more });

/** Rounds as `collectCompletions` takes them: another as long as the algorithm asks for one. */
function played(rounds: readonly NumberGrid[], section: GrpoConfig, algorithm: CompletionAlgorithm<GrpoConfig> = grpo) {
  let rewards: NumberGrid = [];
  let made = 0;
  do rewards = [...rewards, ...rounds[made++]!];
  while (algorithm.needsMore!(rewards, made, section));
  const advantages = algorithm.advantages(rewards, section);
  const used = advantages.flatMap((group, g) => (group.some((advantage) => advantage !== null) ? [g] : []));
  return { made, used, advantages, metrics: algorithm.metrics!(rewards, made, section) };
}

/**
 * Golden: `used` (groups counted over all rounds) and `made` are what the filter of verl's `dapo_ray_trainer.py`
 * (lines 233-301, the revision before 2bb42bae) gives for these rewards, run with numpy 2.4.6; `raises`: it ends the
 * run.
 */
const GOLDEN: { name: string; wanted: number; most: number; rounds: NumberGrid[]; raises?: true; used: number[] }[] = [
  {
    name: 'the first round is enough',
    ...{ wanted: 3, most: 10 },
    rounds: [
      [
        [0, 1, 0, 0],
        [1, 1, 1, 0],
        [0, 0, 1, 1],
      ],
    ],
    used: [0, 1, 2],
  },
  {
    name: 'three rounds are needed, and the last has one group too many',
    ...{ wanted: 3, most: 10 },
    rounds: [
      [
        [1, 1, 1, 1],
        [0, 1, 0, 0],
        [0, 0, 0, 0],
      ],
      [
        [0, 0, 0, 0],
        [2.5, 1, 0, 0.5],
        [0, 0, 0, 0],
      ],
      [
        [0, 0, 0, 1],
        [1, 0, 1, 1],
        [3, 3, 3, 2.75],
      ],
    ],
    used: [1, 4, 6],
  },
  {
    name: 'two rounds have just as many as are wanted',
    ...{ wanted: 2, most: 2 },
    rounds: [
      [
        [0, 0],
        [0, 1],
      ],
      [
        [1, 0],
        [1, 1],
      ],
    ],
    used: [1, 2],
  },
  {
    name: 'there are never enough',
    ...{ wanted: 2, most: 3 },
    rounds: [
      [
        [1, 1],
        [0, 0],
      ],
      [
        [0, 1],
        [1, 1],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ],
    raises: true,
    used: [2],
  },
  {
    name: 'no group differs',
    ...{ wanted: 2, most: 2 },
    rounds: [
      [
        [1, 1],
        [0, 0],
      ],
      [
        [2, 2],
        [0.5, 0.5],
      ],
    ],
    raises: true,
    used: [],
  },
];

describe('the groups that a step of DAPO learns from', () => {
  test.each(GOLDEN)('are those of verl, in its order: $name', ({ wanted, most, rounds, raises, used }) => {
    const { made, ...step } = played(rounds, config(wanted, most));
    expect({ made, used: step.used }).toEqual({ made: rounds.length, used });
    // verl ends such a run; here the step continues with what it found.
    if (raises) expect(used.length).toBeLessThan(wanted);
  });

  test('have the advantages that they have among all others, and the rest has none', () => {
    const { wanted, most, rounds, used } = GOLDEN[1]!;
    const { advantages } = played(rounds, config(wanted, most));
    const plain = grpo.advantages(rounds.flat(), config(wanted));
    expect(advantages).toEqual(plain.map((group, g) => (used.includes(g) ? group : group.map(() => null))));
  });

  test('differ by more than rounding, which verl takes for a difference', () => {
    expect(groupUses([[0.3, 0.1 + 0.2]], 1)).toEqual(['uniform']);
  });

  test('are compared without their completions that could not be scored, and need two with a reward', () => {
    const rewards = [[1, null, 2], [1, null, 1], [null, 3, null], [null], [0, 1]];
    expect(groupUses(rewards, 2)).toEqual(['kept', 'uniform', 'unscored', 'unscored', 'kept']);
    expect(played([rewards], config(2, 3)).advantages[0]![1]).toBeNull();
  });

  const grid = fc.array(fc.array(fc.option(fc.constantFrom(0, 0.5, 1), { nil: null }), { minLength: 1, maxLength: 4 }));

  test('are the first that differ, as many as a step needs; every other group has one reason to be left out', () => {
    fc.assert(
      fc.property(grid, fc.integer({ min: 1, max: 5 }), (rewards, wanted) => {
        const uses = groupUses(rewards, wanted);
        const differ = uses.flatMap((use, g) => (use === 'kept' || use === 'surplus' ? [g] : []));
        const kept = uses.flatMap((use, g) => (use === 'kept' ? [g] : []));
        expect(kept).toEqual(differ.slice(0, wanted));
        for (const [g, use] of uses.entries()) {
          const different = new Set(rewards[g]!.filter((reward) => reward !== null)).size > 1;
          expect(different).toBe(use === 'kept' || use === 'surplus');
        }
        // A further round takes nothing back.
        expect(groupUses([...rewards, [0, 1]], wanted).slice(0, rewards.length)).toEqual(uses);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe('what a step of DAPO tells', () => {
  test('is the rounds that it took, and what became of every group', () => {
    const { wanted, most, rounds } = GOLDEN[1]!;
    expect(played([...rounds.slice(0, 2), [[null, 1], ...rounds[2]!]], config(wanted, most)).metrics).toEqual({
      'sampling/rounds': 3,
      'sampling/keptGroups': 3,
      'sampling/uniformGroups': 4,
      'sampling/unscoredGroups': 1,
      'sampling/surplusGroups': 2,
    });
  });

  test('stands beside what its algorithm tells', () => {
    const telling = withDynamicSampling({ ...grpo, metrics: (_, rounds) => ({ 'own/rounds': rounds }) });
    expect(telling.metrics!([[0, 1]], 1, config(1, 2))).toMatchObject({ 'own/rounds': 1, 'sampling/rounds': 1 });
    expect(telling.metrics!([[0, 1]], 1, config(1))).toEqual({ 'own/rounds': 1 });
  });
});

describe('without dynamic sampling', () => {
  test('a step takes one round, uses every group, and tells nothing of groups', () => {
    const rewards = [
      [1, 1],
      [0, 0],
    ];
    expect(grpo.needsMore!(rewards, 1, config(2))).toBe(false);
    expect(grpo.advantages(rewards, config(2))).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(grpo.metrics!(rewards, 1, config(2))).toEqual({});
  });

  test('one round is all with maxRounds 1, and its groups without differences leave the update', () => {
    const { made, used } = played(
      [
        [
          [1, 1],
          [0, 1],
        ],
      ],
      config(2, 1),
    );
    expect({ made, used }).toEqual({ made: 1, used: [1] });
  });
});
