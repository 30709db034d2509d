import { z } from 'zod';

/**
 * What changes the distribution that tokens are chosen from, besides the temperature, as the fields of a config
 * section. By default all are off. Names, definitions and order are those of the logits processors of `transformers`:
 * repetition penalty, temperature, `topK`, `topP`, `minP`.
 */
export const TOKEN_FILTERS = {
  /** Only the so many likeliest tokens, and what is as likely as the last of them. 0: off. */
  topK: z.int().nonnegative().default(0),
  /** Only the likeliest tokens that together have at least this probability (nucleus sampling). 1: off. */
  topP: z.number().positive().max(1).default(1),
  /** Only tokens at least this often as likely as the likeliest. 0: off. */
  minP: z.number().min(0).max(1).default(0),
  /**
   * Divides positive logits of tokens that the prompt or the completion has already, and multiplies negative ones, by
   * this number. 1: off; above 1: fewer repetitions.
   */
  repetitionPenalty: z.number().min(0.1).max(10).default(1),
};

export const TokenFilters = z.strictObject(TOKEN_FILTERS);
export type TokenFilters = z.infer<typeof TokenFilters>;

/** How benchmarks choose tokens. */
export const DECODING = {
  /** 0: the likeliest token, always. */
  temperature: z.number().min(0).max(5).default(0),
  ...TOKEN_FILTERS,
};

export const Decoding = z.strictObject(DECODING);
export type Decoding = z.infer<typeof Decoding>;

/** The part of a section that filters tokens; `undefined` where all of it is off. */
export function filtersOf({ topK, topP, minP, repetitionPenalty }: TokenFilters): TokenFilters | undefined {
  const isOff = topK === 0 && topP === 1 && minP === 0 && repetitionPenalty === 1;
  return isOff ? undefined : { topK, topP, minP, repetitionPenalty };
}
