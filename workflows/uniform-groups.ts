import type { CollapseConfig } from '../configs/collapse-config.ts';
import { mean } from '../core/statistics.ts';

/** Fewer groups may all be uniform by chance, in a run of hundreds of steps. */
const FEWEST_GROUPS = 30;
/** A step with more groups than this says enough by itself: finer shares need not be told apart. */
const MOST_GROUPS = 30;
const EQUAL = 1e-3;

/**
 * Whether nearly all groups of the last steps were uniform: in `uniformSteps` steps, or in as many as hold
 * `FEWEST_GROUPS` groups. One step with a few more differences hides nothing, since the mean counts.
 * @param earlier shares of uniform groups, in [0, 1], of the steps before.
 * @param share the step's own; absent where none of its groups can be compared.
 * @param groups how many groups a step has; where it is not known, the shares themselves say how many at least.
 */
export function uniformGroups(
  earlier: readonly number[],
  share: number | undefined,
  { maxUniformGroups, uniformSteps }: CollapseConfig,
  groups?: number,
): { shares: number[]; sentence?: string } {
  if (share === undefined) return { shares: [...earlier] };
  const shares = [...earlier, share].slice(-Math.max(uniformSteps, FEWEST_GROUPS));
  const perStep = groups ?? groupsPerStep(shares);
  const steps = Math.max(uniformSteps, perStep === undefined ? 0 : Math.ceil(FEWEST_GROUPS / perStep));
  if (shares.length < steps) return { shares };
  const now = mean(shares.slice(-steps));
  if (now <= maxUniformGroups) return { shares };
  const sentence =
    `all rewards were equal in ${(100 * now).toFixed(0)} % of the groups of the last ${steps} steps, more than ` +
    `collapse.maxUniformGroups (${(100 * maxUniformGroups).toFixed(0)} %): they teach nothing`;
  return { shares, sentence };
}

/**
 * The fewest groups a step that these shares can be shares of; undefined where every group was uniform, since that tells
 * nothing.
 */
function groupsPerStep(shares: readonly number[]): number | undefined {
  return shares.every((share) => share === 1) ? undefined : Math.max(...shares.map(fewestGroups));
}

function fewestGroups(share: number): number {
  const counts = Array.from({ length: MOST_GROUPS }, (_, i) => i + 1);
  return counts.find((count) => Math.abs(share * count - Math.round(share * count)) < EQUAL * count) ?? MOST_GROUPS;
}
