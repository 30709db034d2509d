import { z } from 'zod';

/** One optimiser step of a run. `runKey` names the run's own folder in the store; step 0 is the start policy. */
export const StepPlace = z.strictObject({ runKey: z.string().min(1), step: z.int().nonnegative() });
export type StepPlace = z.infer<typeof StepPlace>;

/**
 * Where in a run some completions belong: every key that a stage writes to derives from it, so an activity that is
 * tried again finds its own output. A step takes one round of samples, and further rounds where its algorithm asks for
 * more; a round can be sampled in parts, so that one part is judged while the next is sampled.
 */
export const Place = StepPlace.extend({
  /** From 0. */
  round: z.int().nonnegative(),
  /** From 0. */
  part: z.int().nonnegative(),
});
export type Place = z.infer<typeof Place>;
