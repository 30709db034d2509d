import type { OptimizerState, Weights } from '../model/weights.ts';

/** A policy in training: its weights, and the optimiser's state that goes with them. */
export interface OptimizerSession {
  weights: Weights;
  state: OptimizerState;
}

/** A session after an update. */
export interface TrainedSession extends OptimizerSession {
  metrics: Record<string, number>;
}
