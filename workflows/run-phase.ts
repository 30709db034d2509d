import type { RunAttributes, RunPhase } from '../contracts/search-attributes.ts';
import type { Waiting } from './controllable-run.ts';

/** Stages that stand for a phase of their own name: those of a run that has ended. */
const ENDS: readonly string[] = ['finished', 'ended early', 'stopped', 'cancelled', 'failed'];
const PHASES: Readonly<Record<string, RunPhase>> = {
  ...{ starting: 'starting', policy: 'preparing', dataset: 'preparing', captions: 'preparing' },
  ...{ rollout: 'training', scoring: 'training', update: 'training', annotate: 'training', runs: 'training' },
  ...{ report: 'report', mlflow: 'report', review: 'report', table: 'report' },
};

/**
 * The phase of a run's stage. Stages of benchmarks have their names.
 * @param prepared whether everything is there that a step needs: then frames are those of a step.
 */
export function phaseOf(stage: string, prepared = true): RunPhase {
  if (ENDS.includes(stage)) return stage as RunPhase;
  if (stage === 'frames') return prepared ? 'training' : 'preparing';
  return PHASES[stage] ?? 'benchmark';
}

/** Whether a run waits for a person, whatever for. */
export function waitsForPerson({ paused, blocked, notFinite, died, differs }: Waiting): boolean {
  return paused || [blocked, notFinite, died, differs].some((sentence) => sentence !== undefined);
}

/** What a run that begins tells Temporal of itself, over what the start form has copied from another. */
export const FRESH: RunAttributes = {
  ...{ arm: null, sweep: null, reward: null, failedWhy: null },
  ...{ phase: 'starting', step: 0, paused: false },
};
