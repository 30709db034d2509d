import type { JudgeSpending } from '../judge/usage.ts';
import type { BestCheckpoint } from './best.ts';
import type { JudgeWaiting } from './judge-waiting.ts';
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
  /** Why, and since when, nothing comes from the judge: it passes by itself, or `blocked` says what to repair. */
  waiting?: JudgeWaiting;
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
