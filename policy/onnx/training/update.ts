import type { ComputeOptions } from '../../../core/compute-options.ts';
import type { CompletionBatch, ReferenceBatch } from '../../../core/policy-engine.ts';
import type { PolicyModel } from '../model/model.ts';
import type { Weights } from '../model/weights.ts';
import type { OptimizerSession, TrainedSession } from './optimizer-session.ts';

export type Batch = CompletionBatch | ReferenceBatch;

/** How the engine makes one step with a loss. `Config` is the section of the algorithms that use the loss. */
export interface Update<Config, B extends Batch> {
  /** The model's graphs that it runs. */
  graphs: readonly string[];
  learnsFrom: B['learnsFrom'];
  run(model: PolicyModel, step: UpdateStep<Config, B>, computation: ComputeOptions): Promise<TrainedSession>;
}

export interface UpdateStep<Config, B extends Batch> {
  session: OptimizerSession;
  /** Loads the frozen policy that the KL is measured to. */
  reference(): Promise<Weights>;
  batch: B;
  /** This step, from 1. */
  step: number;
  config: Config;
}
