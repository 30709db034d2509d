import type { JudgeSpending } from '../judge/usage.ts';
import type { BestCheckpoint } from './best.ts';
import type { TrainedFrom } from './start.ts';

/** What the `status` query of a workflow answers. */
export interface RunStatus {
  /** Of the run, which may have continued as new since: milliseconds since the epoch. */
  startTime?: number;
  stage: string;
  step: number;
  totalSteps: number;
  paused: boolean;
  /** What a person must repair before the judge can be asked again; then `resume`. */
  blocked?: string;
  /** What was not finite, and what a person can do; while the run waits for that. */
  notFinite?: string;
  /** Updates that were not made, since a number of theirs was not finite. */
  skippedUpdates?: number;
  judge?: JudgeSpending;
  /** Where benchmarks have a judge of their own. */
  benchmarkJudge?: JudgeSpending;
  rewardMean?: number;
  kl?: number;
  secondsPerStep?: number;
  etaSeconds?: number;
  mlflowRunUrl?: string;
  /** The checkpoint of another run that this one started from. */
  trainedFrom?: TrainedFrom;
  best?: BestCheckpoint;
  evaluations: { step: number; metrics: Record<string, number> }[];
}
