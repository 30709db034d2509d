import type { StepRecord } from '../contracts/run-results.ts';

/** Steps that were trained, and the seconds that they took with the benchmarks and pauses between them. */
export interface Trained {
  steps: number;
  seconds: number;
}

/**
 * What a run has trained itself, and what the run had before from which it was forked.
 * @param records of the steps from 0 on, in order; of a fork the first are those of the other run.
 * @param forkedAt the last step of the other run; 0 in a run that is no fork.
 */
export function trainingTime(records: readonly StepRecord[], forkedAt: number): { own: Trained; before: Trained } {
  const last = records.at(-1);
  const first = records[0];
  const fork = records.find(({ step }) => step === forkedAt);
  const firstOwn = records.find(({ step }) => step > forkedAt);
  const seconds = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? 0 : Math.max(0, (to - from) / 1000);
  // A fork may have begun long after the step that it was forked from.
  const began =
    forkedAt > 0 ? firstOwn && firstOwn.time - 1000 * (firstOwn.metrics['time/stepSeconds'] ?? 0) : first?.time;
  return {
    own: { steps: Math.max(0, (last?.step ?? 0) - forkedAt), seconds: firstOwn ? seconds(began, last?.time) : 0 },
    before: { steps: forkedAt, seconds: seconds(first?.time, fork?.time) },
  };
}
