import { lastStep, readProgress } from '../../contracts/read-progress.ts';
import { runsOf, type Share, type SweepPlan } from '../../contracts/sweep-plan.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';

/**
 * What the runs of a sweep have spent of its budget, as far as is stored, by their ids: a sweep that is resumed knows
 * nothing of its execution before. `undefined` of one without a budget.
 * @param sweep its key in the store.
 */
export async function sweepSpending(
  store: ArtifactStore,
  sweep: string,
  plan: SweepPlan,
): Promise<Record<string, Share> | undefined> {
  const { usd, calls } = plan.budget;
  if (usd === undefined && calls === undefined) return undefined;
  const spent: Record<string, Share> = {};
  for (const { id } of runsOf(plan)) {
    const run = `${sweep}.${id}`;
    const step = await lastStep(store, run);
    const paid = step === undefined ? undefined : (await readProgress(store, run, step)).spent;
    if (paid && paid.calls > 0) spent[id] = paid;
  }
  return spent;
}
