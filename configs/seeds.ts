import { z } from 'zod';

/** The seeds of an arm: a run for each. Two runs with one seed would be the same run, counted twice. */
export const Seeds = z
  .array(z.int().nonnegative())
  .min(1)
  .max(100)
  .refine((seeds) => new Set(seeds).size === seeds.length, 'name every seed once');
