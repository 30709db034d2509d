import type { GrpoConfig } from '../algorithms/grpo.ts';

/**
 * The weight of each completion's tokens in the loss, so that a loss is one weighted sum over tokens that micro-batches
 * can split as they like (paper.md, section 5.1). `lengths[group][completion]` counts tokens, the end token included;
 * `null` marks a completion that is left out: its weight is 0, and it counts in no denominator. With N completions
 * left:
 * `grpo` 1 / (N * length), `dapo` 1 / (all tokens), `dr_grpo` 1 / (N * maxLength).
 */
export function tokenWeights(
  lengths: readonly (readonly (number | null)[])[],
  mode: GrpoConfig['aggregation'],
  maxLength: number,
): number[][] {
  const kept = lengths.flat().filter((length) => length !== null);
  const tokens = kept.reduce((sum, length) => sum + length, 0);
  const weight = (length: number | null): number => {
    if (length === null) return 0;
    if (mode === 'grpo') return 1 / (kept.length * length);
    if (mode === 'dapo') return 1 / tokens;
    return 1 / (kept.length * maxLength);
  };
  return lengths.map((group) => group.map(weight));
}
