import type { ExperimentConfig } from '../configs/schema.ts';
import type { MovingPart } from '../contracts/run-identity.ts';
import type { ClipsAhead } from '../contracts/run-state.ts';
import type { PartOf } from '../contracts/run-status.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { Identity } from '../core/identity.ts';
import type { NotFinite } from '../core/not-finite.ts';
import type { StepPlace } from '../core/place.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import type { JudgeConfig } from '../judge/judge-config.ts';
import type { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import type { Scorable } from '../rewards/scorable.ts';
import type { Gate } from './gate.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { OneAtATime } from './one-at-a-time.ts';

/** The input of a step, which the step does not change. It returns its results as its outcome. */
export interface StepInput {
  config: ExperimentConfig;
  place: StepPlace;
  policy: PolicyRef;
  /** The policy that samples: with `rolloutLag: 1` the one before. */
  rolloutPolicy: PolicyRef;
  /** Settles when the step's completions may be scored: one step at a time spends the judge's budget. */
  turn?: Promise<unknown>;
  /** The frozen policy that the KL is measured to. */
  reference: PolicyRef;
  dataset: { manifest: ArtifactRef; train: number };
  clipsAhead?: ClipsAhead | undefined;
  /** Whether no step follows a step; asked when the update begins, since limits may have changed meanwhile. */
  isLast(step: number): boolean;
  /** Steps whose checkpoints stay whatever `checkpoints.keepEvery` says. */
  keep: readonly number[];
  /** What the run has paid its judge so far. */
  spent(): JudgeSpending;
  /** The judge with the budget that holds at the moment it is asked. */
  judge(): JudgeConfig;
  gate: JudgeGate;
  /** The engine samples one part or makes one update at a time: of what waits, that of the earlier step first. */
  engine: OneAtATime;
  /** One stage of the run asks the judge at a time, so that each knows what those before it have paid. */
  judging: OneAtATime;
  /** Where the step waits when numbers are not finite. */
  divergence: Gate;
  /** Updates that the run has not made so far, since a number of theirs was not finite. */
  skippedUpdates: number;
  /** Called when a stage of the step begins, or a part of it where the step's rounds have several. */
  onStage(stage: string, part?: PartOf): void;
  /** Called when a stage has said with what a part of the step was made. */
  onIdentity(part: MovingPart, found: readonly Identity[]): void;
  /** Called when the judge has answered a part, with what that came to. */
  onJudged(usage: Pick<JudgeUsage, 'calls' | 'cost'>): void;
}

export interface StepOutcome {
  policy: PolicyRef;
  /** By MLflow metric name, such as `reward/mean`, `train/kl`, `time/stepSeconds`. */
  metrics: Record<string, number>;
  /** Why the step's update was not made, and its policy is the one of the step before. */
  notFinite?: NotFinite | undefined;
  /** A `ScoredRollout[]`; absent where the algorithm samples nothing. */
  scored?: ArtifactRef | undefined;
  /** What the step's questions to the judge came to. */
  usage: Pick<JudgeUsage, 'calls' | 'cost'>;
  /** What the judge could score; absent where it was not asked. */
  scorable?: Scorable | undefined;
  seconds: number;
  clipsAhead?: ClipsAhead | undefined;
}
