import { z } from 'zod';

/** Where in a sweep a run belongs: its records and its run in MLflow say so. */
export const SweepPlace = z.strictObject({
  /** The sweep's key in the store. MLflow's search names it without quoting, so it must need none there. */
  sweep: z.string().regex(/^[A-Za-z0-9._-]{1,250}$/),
  /** Of the sweep. */
  name: z.string(),
  arm: z.string(),
  condition: z.string(),
  seed: z.int().nonnegative(),
});
export type SweepPlace = z.infer<typeof SweepPlace>;
