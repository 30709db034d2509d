import { z } from 'zod';

/** How many samples of a data set could not be used, and of how many. The data set's manifest has the reasons. */
export const SetAside = z.strictObject({ samples: z.int().nonnegative(), of: z.int().nonnegative() });
export type SetAside = z.infer<typeof SetAside>;

/** `3 of 240 samples were set aside (the report lists them with their reasons)`, or nothing where none was. */
export function setAsideSentence(setAside: SetAside | undefined): string | undefined {
  if (!setAside?.samples) return undefined;
  const { samples, of } = setAside;
  const they = samples === 1 ? 'it with its reason' : 'them with their reasons';
  return `${samples} of ${of} samples ${samples === 1 ? 'was' : 'were'} set aside (the report lists ${they})`;
}
