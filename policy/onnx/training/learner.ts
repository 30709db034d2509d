import type { ComputeOptions } from '../../../core/compute-options.ts';
import type { Weights } from '../model/feeds.ts';
import type { OptimizerState } from '../model/weights.ts';

/** A policy in training. */
export interface Learner {
  weights: Weights;
  state: OptimizerState;
}

export interface Trained extends Learner {
  metrics: Record<string, number>;
}

/** Reports a step of the work as begun, and stops if nobody waits for it any more. */
export function progressOf(computation: ComputeOptions, total: number): (what: string) => void {
  let begun = 0;
  return (what) => {
    computation.throwIfCancelled();
    computation.progress({ done: begun++, total, what });
  };
}
