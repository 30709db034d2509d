import { z } from 'zod';
import type { AlgorithmSection } from './algorithm.ts';

/**
 * By how many updates the policy that samples a step's completions is behind the one that the step updates. 0: the
 * engine samples, waits for the judge, and updates. 1: while the judge scores a step's completions, the engine samples
 * those of the next step, so that a step takes as long as the slower of the two. The update then takes its ratios to
 * the log-probabilities that were recorded while sampling.
 */
export const RolloutLag = z.union([z.literal(0), z.literal(1)]).default(0);

/** Whether the completions of a step are sampled while the step before is judged and updated. */
export function samplesAhead(algorithm: AlgorithmSection): boolean {
  return 'rolloutLag' in algorithm && algorithm.rolloutLag === 1;
}
