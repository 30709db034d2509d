import { z } from 'zod';

/** The step of another run that a fork continues from. Its steps up to this one are that run's. */
export const ForkedFrom = z.strictObject({
  /** That run's key in the store. */
  run: z.string().min(1),
  step: z.int().nonnegative(),
  /**
   * Whether the fork's benchmark is that run's, so that numbers of both can be compared: the same clips, prompt,
   * decoding, references, judge and reward. Where it is not, the fork has measured the base policy again. Absent until
   * the fork has compared them.
   */
  sameBenchmark: z.boolean().optional(),
});
export type ForkedFrom = z.infer<typeof ForkedFrom>;

/** What is said of a fork whose benchmark is another one than its parent's. */
export const BASE_MEASURED_AGAIN = 'its benchmark is another one, so the base policy was measured again';

/** `step 60 of quickstart-1-0a1b2c3d`, for people; and whether the base policy was measured again. */
export function forkSentence({ run, step, sameBenchmark }: ForkedFrom): string {
  return `step ${step} of ${run}${sameBenchmark === false ? `; ${BASE_MEASURED_AGAIN}` : ''}`;
}
