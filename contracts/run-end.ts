import { z } from 'zod';

/** How a run ended, or is about to end while it writes its report. */
export const RunEnd = z.strictObject({
  /**
   * `finished`: it made all of its steps. `limited`: those that its limit `maxSteps` left of them. `early`: the best
   * checkpoint's patience was over. `stopped`: a user sent `stop`. `cancelled` and `failed`: without final benchmark
   * and report.
   */
  how: z.enum(['finished', 'limited', 'early', 'stopped', 'cancelled', 'failed']),
  /** The last step that it made. */
  step: z.int().nonnegative(),
  totalSteps: z.int().nonnegative(),
  /** Whether it was paused when the user ended it. */
  whilePaused: z.boolean().optional(),
  /** A clause for people: why it ended early, or what failed. */
  reason: z.string().optional(),
  /** What a stopped run waited for, without a full stop: what was not complete was left out. */
  blocked: z.string().optional(),
  /** Where a stopped run's last step was not measured: the step of its last benchmark. */
  measuredStep: z.int().nonnegative().optional(),
});
export type RunEnd = z.infer<typeof RunEnd>;

/** `Stopped by a user after step 12 of 60`, for people; without a full stop. */
export function endSentence({ how, step, totalSteps, whilePaused, reason, blocked, measuredStep }: RunEnd): string {
  const after = `after step ${step} of ${totalSteps}${whilePaused ? ', while it was paused' : ''}`;
  const because = reason === undefined ? '' : `: ${reason}`;
  const waited = blocked === undefined ? '' : `, while it could not go on: ${blocked}`;
  const measured = measuredStep === undefined ? '' : `; the last benchmark is that of step ${measuredStep}`;
  switch (how) {
    case 'finished':
      return `Finished all ${totalSteps} step${totalSteps === 1 ? '' : 's'}`;
    case 'limited':
      return `Ended after step ${step}, since the limit maxSteps is ${totalSteps}`;
    case 'early':
      return `Ended early after step ${step} of ${totalSteps}${because}`;
    case 'stopped':
      return `Stopped by a user ${after}${waited}${measured}`;
    case 'cancelled':
      return `Cancelled ${after}`;
    case 'failed':
      return `Failed ${after}${because}`;
  }
}
