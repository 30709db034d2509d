import type { Limits } from '../contracts/limits.ts';
import type { Share, SweepPlan, SweepRun } from '../contracts/sweep-plan.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { JudgeSpending } from '../judge/usage.ts';

/** What has become of a run so far. Absent from the snapshot: it waits for its turn. */
export type RunProgressInSweep =
  | { state: 'running'; share?: Share }
  /** It has made the steps before a cut, and waits for the other arms. `score`: of the metric that decides. */
  | { state: 'resting'; cut: number; score: number; spent?: JudgeSpending }
  | { state: 'finished'; step: number; details: ArtifactRef; spent?: JudgeSpending }
  /** A user ended it. `early`: its arm was not among the best. */
  | { state: 'stopped' | 'early' | 'failed'; reason: string; spent?: JudgeSpending }
  | { state: 'skipped'; reason: string };

/** What a run ended with, as far as the sweep keeps it. */
export type Ended =
  | (Extract<RunProgressInSweep, { state: 'finished' }> & {
      score: number;
      /** It made the steps that its limit left of them. */
      isLimited: boolean;
    })
  | Extract<RunProgressInSweep, { reason: string }>;

/** Everything a sweep is between two of its runs; it survives continue-as-new as it is. */
export interface SweepSnapshot {
  runKey: string;
  plan: SweepPlan;
  /** Milliseconds since the epoch. */
  startTime: number;
  /** By the run's id. */
  runs: Record<string, RunProgressInSweep>;
  pausedArms: string[];
  /** What runs had spent before the sweep was resumed, by their ids. Absent: it was not, or has no budget. */
  spentBefore?: Record<string, Share>;
}

/** A run to start now. */
export interface NextRun extends SweepRun {
  limits?: Limits;
}
