import type { SweepPlan } from '../contracts/sweep-plan.ts';
import type { RunProgressInSweep, Share, SweepSnapshot } from './sweep-snapshot.ts';

/** One budget over all runs: each gets its share when it starts; shares never exceed the budget together. */

/**
 * What a run may spend in all: what it has spent already, and its part of what is neither spent nor set aside for
 * others.
 * @param places runs that may start beside it or instead of it, itself included.
 */
export function shareOf(
  { plan, runs }: Pick<SweepSnapshot, 'plan' | 'runs'>,
  before: RunProgressInSweep | undefined,
  places: number,
): Share | 'nothing' {
  const { usd, calls } = leftOf(plan, runs);
  if ((usd !== undefined && usd <= 0) || (calls !== undefined && Math.floor(calls / places) === 0)) return 'nothing';
  const own = spentOf(before);
  return {
    ...(usd !== undefined && { usd: (own.usd ?? 0) + usd / places }),
    ...(calls !== undefined && { calls: (own.calls ?? 0) + Math.floor(calls / places) }),
  };
}

export function isLimited({ budget: { usd, calls } }: SweepPlan): boolean {
  return usd !== undefined || calls !== undefined;
}

/** What a run that failed has spent: as far as is known, its whole share. */
export function failedSpending(running: RunProgressInSweep | undefined) {
  if (running?.state !== 'running' || !running.share) return {};
  const { usd = 0, calls = 0 } = running.share;
  return { spent: { usd, calls } };
}

function leftOf({ budget }: SweepPlan, runs: SweepSnapshot['runs']): Share {
  const all = Object.values(runs).map(spentOf);
  const sum = (of: (share: Share) => number | undefined) => all.reduce((total, share) => total + (of(share) ?? 0), 0);
  return {
    ...(budget.usd !== undefined && { usd: budget.usd - sum(({ usd }) => usd) }),
    ...(budget.calls !== undefined && { calls: budget.calls - sum(({ calls }) => calls) }),
  };
}

/** Spent or set aside. */
function spentOf(run: RunProgressInSweep | undefined): Share {
  if (!run) return {};
  return ('share' in run ? run.share : 'spent' in run ? run.spent : undefined) ?? {};
}
