import type { JudgeSpending } from '../judge/usage.ts';
import type { BestCheckpoint } from './best.ts';
import type { CollapseWarning } from './collapse.ts';
import type { ForkedFrom } from './forked-from.ts';
import type { JudgeWaiting } from './judge-waiting.ts';
import type { RunEnd } from './run-end.ts';
import type { RunIdentity } from './run-identity.ts';
import type { SetAside } from './set-aside.ts';
import type { TrainedFrom } from './start.ts';

/** One of several parts that a round of samples has. */
export interface PartOf {
  /** From 1. */
  number: number;
  of: number;
}

/** `part 2 of 4`, for people. */
export function partSentence({ number, of }: PartOf): string {
  return `part ${number} of ${of}`;
}

/** What the `status` query of a workflow answers. */
export interface RunStatus {
  /** Of the run, which may have continued as new since: milliseconds since the epoch. */
  startTime?: number;
  stage: string;
  /** The part of its round that the stage works on; absent where rounds have one part. */
  part?: PartOf;
  step: number;
  totalSteps: number;
  /** It waits for `resume` or `stop` at this moment. */
  paused: boolean;
  /** What a user, or `collapse.action`, has asked of it and it will do after its current step. */
  asked?: 'pause' | 'stop';
  /** How it ended, from its last step on. */
  end?: RunEnd;
  /** What a person must repair before the judge can be asked again; then `resume`. */
  blocked?: string;
  /** What was not finite, and what a person can do; while the run waits for that. */
  notFinite?: string;
  /** Where the worker keeps dying, and what a person can do; while the run waits for that. */
  died?: string;
  /** Which step ended in other numbers when it was made again, and what a person can do; while the run waits. */
  differs?: string;
  /** Updates that were not made, since a number of theirs was not finite. */
  skippedUpdates?: number;
  /** Why, and since when, nothing comes from the judge: it passes by itself, or `blocked` says what to repair. */
  waiting?: JudgeWaiting;
  /** What else gives no answer at the same time: a custom reward beside the judge, or rollout servers. */
  alsoWaiting?: JudgeWaiting[];
  judge?: JudgeSpending;
  /** Where benchmarks have a judge of their own. */
  benchmarkJudge?: JudgeSpending;
  /** Where an endpoint writes captions. */
  captions?: JudgeSpending;
  /** Of the last update. */
  loss?: number;
  rewardMean?: number;
  kl?: number;
  secondsPerStep?: number;
  etaSeconds?: number;
  mlflowRunUrl?: string;
  /** The checkpoint of another run that this one started from. */
  trainedFrom?: TrainedFrom;
  /** Of a fork. */
  forkedFrom?: ForkedFrom;
  /** Samples that could not be used, once the data set is known. */
  setAside?: SetAside;
  /** Signs that the policy has collapsed. */
  collapse?: CollapseWarning[];
  /** What the run is computed and judged with, and what of it has changed on the way. */
  identity?: RunIdentity;
  best?: BestCheckpoint;
  evaluations: { step: number; metrics: Record<string, number> }[];
}
