import type { Share, SweepPlan } from '../contracts/sweep-plan.ts';
import type { RunProgressInSweep, SweepSnapshot } from './sweep-snapshot.ts';

/** One budget over all runs: each gets its share when it starts; shares never exceed the budget together. */

/**
 * What a run may spend in all: what it has spent already, and its part of what is neither spent nor set aside for
 * others.
 * @param places runs that may start beside it or instead of it, itself included.
 */
export function shareOf(sweep: Spending, id: string, places: number): Share | 'nothing' {
  const { usd, calls } = leftOf(sweep);
  const own = spentOf(sweep, id);
  if ((usd !== undefined && usd <= 0) || (calls !== undefined && Math.floor(calls / places) === 0)) {
    // It may have finished in an execution before, and is looked up then.
    if (sweep.runs[id] || !sweep.spentBefore?.[id]) return 'nothing';
    return { ...(usd !== undefined && { usd: own.usd ?? 0 }), ...(calls !== undefined && { calls: own.calls ?? 0 }) };
  }
  return {
    ...(usd !== undefined && { usd: (own.usd ?? 0) + usd / places }),
    ...(calls !== undefined && { calls: (own.calls ?? 0) + Math.floor(calls / places) }),
  };
}

type Spending = Pick<SweepSnapshot, 'plan' | 'runs' | 'spentBefore'>;

export function isLimited({ budget: { usd, calls } }: SweepPlan): boolean {
  return usd !== undefined || calls !== undefined;
}

/** What a run that failed has spent: as far as is known, its whole share. */
export function failedSpending(running: RunProgressInSweep | undefined) {
  if (running?.state !== 'running' || !running.share) return {};
  const { usd = 0, calls = 0 } = running.share;
  return { spent: { usd, calls } };
}

function leftOf(sweep: Spending): Share {
  const { plan, runs, spentBefore = {} } = sweep;
  const all = [...new Set([...Object.keys(runs), ...Object.keys(spentBefore)])].map((id) => spentOf(sweep, id));
  const sum = (of: (share: Share) => number | undefined) => all.reduce((total, share) => total + (of(share) ?? 0), 0);
  const { budget } = plan;
  return {
    ...(budget.usd !== undefined && { usd: budget.usd - sum(({ usd }) => usd) }),
    ...(budget.calls !== undefined && { calls: budget.calls - sum(({ calls }) => calls) }),
  };
}

/** Spent or set aside. */
function spentOf({ runs, spentBefore }: Spending, id: string): Share {
  const run = runs[id];
  const now = run && ('share' in run ? run.share : 'spent' in run ? run.spent : undefined);
  return now ?? spentBefore?.[id] ?? {};
}
