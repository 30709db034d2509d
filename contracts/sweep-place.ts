import { z } from 'zod';

/** Where in a sweep a run belongs: its records and its run in MLflow say so. */
export const SweepPlace = z.strictObject({
  /** The sweep's key in the store. */
  sweep: z.string().min(1),
  /** Of the sweep. */
  name: z.string(),
  arm: z.string(),
  condition: z.string(),
  seed: z.int().nonnegative(),
});
export type SweepPlace = z.infer<typeof SweepPlace>;
