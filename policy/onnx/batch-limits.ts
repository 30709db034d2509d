/**
 * What the embedded engine computes at once. Rounding depends on these numbers: they are part of what makes a run
 * bit-exact.
 */

/** Sequences that are sampled together. */
export const MAX_SEQUENCES = 64;
/** Positions of prompts that are computed together, in sampling and in an update. */
export const MAX_PROMPT_TOKENS = 8192;
/** Tokens of completions whose keys and values are kept at once, if none ends early. */
export const MAX_CACHED_TOKENS = 2 ** 16;
/**
 * The most token positions of completions that an update computes at once. Memory grows with it (here the engine takes
 * about 0.5 GB), speed hardly does.
 */
export const MAX_POSITIONS = 1024;
/** The most attention scores of a head, whose memory grows with the square of the lengths: 1.4 GB here. */
export const MAX_SCORES = 2 ** 22;
