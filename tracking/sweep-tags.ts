import type { SweepPlace } from '../contracts/sweep-place.ts';

/** What places a run below its sweep: MLflow draws the tree from the first. */
export function sweepTags({ parent, name, arm, condition, seed }: SweepPlace & { parent: string }) {
  return {
    'mlflow.parentRunId': parent,
    'videocap.sweep': name,
    'videocap.sweep.arm': arm,
    'videocap.sweep.condition': condition,
    'videocap.sweep.seed': String(seed),
  };
}
