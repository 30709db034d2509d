import { expect, test } from 'vitest';
import { groupAdvantages } from '../../../../../algorithms/group-advantages.ts';
import { tokenWeights } from '../../../../../policy/aggregation.ts';

/** paper.md, section 5.1: two completions of 2 and 4 tokens, eps 0.2, beta 0.04. */
const golden = {
  logp: [
    [-1, -0.5],
    [-0.2, -0.7, -1.5, -0.1],
  ],
  old: [
    [-1.2, -0.5],
    [-0.2, -0.2, -1.5, -0.6],
  ],
  reference: [
    [-0.9, -0.6],
    [-0.3, -0.7, -1, -0.1],
  ],
  advantages: groupAdvantages([2, 1], 'group'),
};

/** The loss that the gradient graph computes: a weighted sum over tokens. */
function loss(weights: number[][]): number {
  return golden.logp
    .flatMap((row, i) =>
      row.map((logp, t) => {
        const ratio = Math.exp(logp - golden.old[i]![t]!);
        const advantage = golden.advantages[i]!;
        const clipped = Math.min(1.2, Math.max(0.8, ratio));
        const toReference = golden.reference[i]![t]! - logp;
        const k3 = Math.exp(toReference) - toReference - 1;
        return weights[0]![i]! * (0.04 * k3 - Math.min(ratio * advantage, clipped * advantage));
      }),
    )
    .reduce((a, b) => a + b, 0);
}

test.each([
  ['grpo', 0.00517365],
  ['dapo', 0.2660673],
  ['dr_grpo', 0.09977524],
] as const)('%s gives the golden loss of paper.md section 5.1', (mode, expected) => {
  expect(golden.advantages[0]).toBeCloseTo(0.7070068, 7);
  expect(loss(tokenWeights([[2, 4]], mode, 8))).toBeCloseTo(expected, 7);
});

test('a completion that is left out has weight 0 and counts in no denominator', () => {
  for (const mode of ['grpo', 'dapo', 'dr_grpo'] as const) {
    const [[kept, out], [other]] = tokenWeights([[2, null], [4]], mode, 8) as [[number, number], [number]];
    const [[alone, next]] = tokenWeights([[2, 4]], mode, 8) as [[number, number]];
    expect([kept, out, other]).toEqual([alone, 0, next]);
  }
});

test('weights of all tokens sum to 1, except where dr_grpo charges for the length that was possible', () => {
  const lengths = [
    [3, 5, null],
    [1, 7, 2],
  ];
  const sum = (mode: 'grpo' | 'dapo' | 'dr_grpo') =>
    tokenWeights(lengths, mode, 10)
      .flatMap((group, g) => group.map((weight, c) => weight * (lengths[g]![c] ?? 0)))
      .reduce((a, b) => a + b, 0);
  expect(sum('grpo')).toBeCloseTo(1, 12);
  expect(sum('dapo')).toBeCloseTo(1, 12);
  expect(sum('dr_grpo')).toBeCloseTo(18 / 50, 12);
});

test('nothing left: all weights are 0', () => {
  expect(tokenWeights([[null, null]], 'dapo', 8)).toEqual([[0, 0]]);
});
