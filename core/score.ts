import { z } from 'zod';

/**
 * A score is a number, or not yet known, or cannot be known. It is never a number made up for a failure: what the
 * model did wrong is a value (0), what the system failed to do is `pending` or `unscorable`.
 */
export const Score = z.union([
  z.strictObject({ value: z.number() }),
  z.strictObject({ pending: z.literal(true) }),
  z.strictObject({ unscorable: z.literal(true), reason: z.string() }),
]);
export type Score = z.infer<typeof Score>;

export const value = (number: number): Score => ({ value: number });
export const unscorable = (reason: string): Score => ({ unscorable: true, reason });

/** The number of a score, or `undefined` where there is none. */
export function scoreValue(score: Score): number | undefined {
  return 'value' in score ? score.value : undefined;
}
