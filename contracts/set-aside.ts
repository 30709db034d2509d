import { z } from 'zod';

/** How many samples of a data set could not be used, and of how many. The data set's manifest has the reasons. */
export const SetAside = z.strictObject({ samples: z.int().nonnegative(), of: z.int().nonnegative() });
export type SetAside = z.infer<typeof SetAside>;

/** `3 of 240 samples were set aside (the report lists them with their reasons)`, or nothing where none was. */
export function setAsideSentence(setAside: SetAside | undefined): string | undefined {
  if (!setAside?.samples) return undefined;
  const { samples, of } = setAside;
  const were = samples === 1 ? 'sample was' : 'samples were';
  return `${samples} of ${of} ${were} set aside (the report lists ${samples === 1 ? 'it with its reason' : 'them with their reasons'})`;
}
