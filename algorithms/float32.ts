import type { z } from 'zod';

/**
 * A number that a graph takes. Graphs compute in 32 bits: a number that is 0 or infinite there is another one than the
 * config says, and one to divide by leaves no update.
 * @param schema of 0 and above, or above 0 alone.
 */
export function float32<Schema extends z.ZodType<number, number>>(schema: Schema) {
  const least = `${schema.safeParse(0).success ? 'set 0, or' : 'set'} a number of at least 1e-44`;
  return schema
    .refine((value) => value <= 0 || Math.fround(value) > 0, { error: `${least}: as a 32-bit number it is 0` })
    .refine((value) => Math.fround(value) < Number.POSITIVE_INFINITY, {
      error: 'set a number of at most 1e38: as a 32-bit number it is infinite',
    });
}
