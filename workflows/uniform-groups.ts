import type { CollapseConfig } from '../configs/collapse-config.ts';

/** So many steps are remembered. */
const STEPS = 60;
/** A healthy run may have this many uniform groups, as a share of `maxUniformGroups`, */
const HEALTHY_SHARE = 0.78;
/** and shows more of them by chance this rarely: a run has hundreds of steps to be unlucky in. */
const CHANCE = 2e-5;
/** A step with more groups than this says enough by itself: finer shares need not be told apart. */
const MOST_GROUPS = 30;
const EQUAL = 1e-3;

/**
 * Whether nearly all groups of the last steps were uniform: of the last `uniformSteps` steps, or of more steps where
 * these have too few groups to exclude chance. One step with a few more differences hides nothing: the mean counts.
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
  const shares = [...earlier, share].slice(-Math.max(uniformSteps, STEPS));
  let perStep = groups;
  let sum = 0;
  for (let steps = 1; steps <= shares.length; steps++) {
    sum += shares[shares.length - steps]!;
    const now = sum / steps;
    if (steps < uniformSteps || now <= maxUniformGroups) continue;
    perStep ??= groupsPerStep(shares);
    if (isChance(now, steps, perStep, maxUniformGroups)) continue;
    const sentence =
      `all rewards were equal in ${(100 * now).toFixed(0)} % of the groups of the last ${steps} steps, more than ` +
      `collapse.maxUniformGroups (${(100 * maxUniformGroups).toFixed(0)} %): they teach nothing`;
    return { shares, sentence };
  }
  return { shares };
}

/** Whether a healthy run may show such a mean share in so many steps (a binomial tail). */
function isChance(share: number, steps: number, perStep: number | undefined, maxUniformGroups: number): boolean {
  const healthy = HEALTHY_SHARE * maxUniformGroups;
  if (perStep === undefined || healthy === 0) return false;
  const groups = steps * perStep;
  let probability = healthy ** groups;
  let tail = 0;
  for (let uniform = groups; uniform >= Math.round(share * groups); uniform--) {
    tail += probability;
    probability *= ((uniform / (groups - uniform + 1)) * (1 - healthy)) / healthy;
  }
  return tail > CHANCE;
}

/**
 * The fewest groups a step that these shares can be shares of; undefined where every group was uniform, since that
 * tells nothing.
 */
function groupsPerStep(shares: readonly number[]): number | undefined {
  return shares.every((share) => share === 1) ? undefined : Math.max(...shares.map(fewestGroups));
}

function fewestGroups(share: number): number {
  const counts = Array.from({ length: MOST_GROUPS }, (_, i) => i + 1);
  return counts.find((count) => Math.abs(share * count - Math.round(share * count)) < EQUAL * count) ?? MOST_GROUPS;
}
