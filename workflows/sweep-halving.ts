import type { SweepPlan, SweepRun } from '../contracts/sweep-plan.ts';
import type { RunProgressInSweep } from './sweep-snapshot.ts';

/**
 * Successive halving (Jamieson and Talwalkar, 2016) over training steps: after a number of steps, the best share of the
 * arms goes on. The reference arm and those that others start from always do.
 * @returns the arms that stop, in the order of the plan.
 */
export function armsToStop(
  { arms, reference, halving }: SweepPlan,
  runs: readonly SweepRun[],
  progress: Readonly<Record<string, RunProgressInSweep>>,
): string[] {
  const resting = runs.flatMap(({ id, arm, condition, seed }) => {
    const run = progress[id];
    return run?.state === 'resting' ? [{ arm, place: `${condition}.${seed}`, score: run.score }] : [];
  });
  const names = arms.map(({ name }) => name).filter((name) => resting.some(({ arm }) => arm === name));
  const lead = new Map(names.map((name) => [name, meanLead(name, resting)]));
  const best = [...names].sort((a, b) => lead.get(b)! - lead.get(a)!);
  const kept = new Set(best.slice(0, Math.ceil(names.length * halving!.keep)));
  for (const needed of [reference, ...arms.flatMap(({ after }) => after ?? [])]) kept.add(needed);
  return names.filter((name) => !kept.has(name));
}

/** By how much an arm is ahead of the mean of all arms with the same condition and seed: some of those are hard. */
function meanLead(name: string, all: readonly { arm: string; place: string; score: number }[]): number {
  const own = all.filter(({ arm }) => arm === name);
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return mean(
    own.map(({ place, score }) => score - mean(all.filter((other) => other.place === place).map((run) => run.score))),
  );
}
