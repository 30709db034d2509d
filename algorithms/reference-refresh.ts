import { z } from 'zod';
import type { AlgorithmSection } from './algorithm.ts';

/**
 * After every so many steps the policy becomes the reference policy. Only an algorithm whose loss compares with the
 * reference policy has this field. It is TRL's `sync_ref_model` with `ref_model_sync_steps`, and
 * `ref_model_mixup_alpha: 1`: a copy, not a mixture. 0, or absent: the reference policy stays the start policy.
 */
export const RefreshReferenceEvery = z.int().nonnegative().optional();

/** Whether the policy after a step, from 1, becomes the reference policy of the next. */
export function refreshesReference(step: number, { refreshReferenceEvery: every = 0 }: AlgorithmSection): boolean {
  return every > 0 && step % every === 0;
}
