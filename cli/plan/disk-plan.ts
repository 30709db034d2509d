import type { ExperimentConfig } from '../../configs/schema.ts';
import type { PolicyPlan } from '../../policy/plan/policy-plan.ts';

/** Bytes that a run adds to the home folder, by kind. */
export interface DiskPlan {
  checkpoints: number;
  /** Checkpoints with files that stay. */
  kept: number;
  weights: number;
  frames: number;
  rollouts: number;
  /** Policies that lie ready for rollout servers. */
  handOver: number;
}

/** Of a token of a stored completion: its id, log-probabilities and letters (`configs/size-limits.ts`). */
const BYTES_PER_TOKEN = 128;

export interface DiskWork {
  /** Clips whose frames are stored, and bytes of each. */
  clips: number;
  clipBytes: number;
  /** Tokens of the run's completions. */
  tokens: number;
}

export function planDisk(
  { algorithm: { steps }, checkpoints: { keepEvery } }: Pick<ExperimentConfig, 'algorithm' | 'checkpoints'>,
  policy: Pick<PolicyPlan, 'checkpoint' | 'checkpointEvery' | 'weights' | 'handOver'>,
  { clips, clipBytes, tokens }: DiskWork,
): DiskPlan {
  // The last two stay whatever `keepEvery` says; of each the checkpoint with files that it is rebuilt from.
  const multiples = keepEvery === 0 ? 0 : Math.floor(steps / keepEvery);
  const needed = [...Array.from({ length: multiples }, (_, i) => (i + 1) * keepEvery), steps - 1, steps];
  const kept = new Set(needed.map((step) => step - (step % policy.checkpointEvery)).filter((step) => step > 0)).size;
  return {
    checkpoints: kept * policy.checkpoint,
    kept,
    weights: policy.weights,
    frames: clips * clipBytes,
    rollouts: tokens * BYTES_PER_TOKEN,
    handOver: policy.handOver,
  };
}
