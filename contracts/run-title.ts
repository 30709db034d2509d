import { algorithmOf } from '../algorithms/registry.ts';
import type { ExperimentConfig } from '../configs/schema.ts';

/** `GRPO · tiny · G=8 · 60 steps`: what a training run is, in the lists of Temporal's UI. */
export function runTitle({ algorithm, policy, sampling }: ExperimentConfig): string {
  const size = algorithmOf(algorithm).learnsFrom === 'completions' ? ` · G=${sampling.groupSize}` : '';
  const steps = `${algorithm.steps} step${algorithm.steps === 1 ? '' : 's'}`;
  return `${algorithm.kind.toUpperCase()} · ${policy.model}${size} · ${steps}`;
}
