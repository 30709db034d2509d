import type { SweepPlace } from '../contracts/sweep-place.ts';

/** Where in its sweep a run belongs. */
export function sweepTags({ name, arm, condition, seed }: SweepPlace) {
  return {
    'videocap.sweep': name,
    'videocap.sweep.arm': arm,
    'videocap.sweep.condition': condition,
    'videocap.sweep.seed': String(seed),
  };
}
