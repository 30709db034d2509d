import { z } from 'zod';
import { unscorable, value } from '../core/score.ts';
import { type LocalComponent, Weight } from './component.ts';

export const OverlongConfig = z
  .strictObject({
    weight: Weight,
    /** L_max: completions of more tokens get the whole penalty. */
    maxTokens: z.int().min(1),
    /** L_cache: over so many tokens before `maxTokens` the penalty grows. 0: it sets in at once. */
    cacheTokens: z.int().nonnegative(),
  })
  .refine(({ maxTokens, cacheTokens }) => cacheTokens <= maxTokens, {
    path: ['cacheTokens'],
    error: 'set at most maxTokens: the penalty grows over the last cacheTokens of them',
  });
export type OverlongConfig = z.infer<typeof OverlongConfig>;

/**
 * DAPO's soft overlong penalty (arXiv 2503.14476, equation 13), in [-1, 0]: 0 up to `maxTokens` - `cacheTokens` tokens,
 * from there linearly down to -1 at `maxTokens`. Counts all tokens of the completion, thought and end token included.
 */
export const overlong: LocalComponent<OverlongConfig> = {
  name: 'overlong',
  config: OverlongConfig,
  range: [-1, 0],
  colour: 'rose',
  scored: 'locally',
  score: async ({ completions }, config) =>
    completions.map(({ tokens }) =>
      tokens === undefined ? unscorable('Its number of tokens is not known.') : value(overlongPenalty(tokens, config)),
    ),
};

/** @param tokens of the completion. */
export function overlongPenalty(tokens: number, { maxTokens, cacheTokens }: Omit<OverlongConfig, 'weight'>): number {
  const over = tokens - (maxTokens - cacheTokens);
  if (over <= 0) return 0;
  return tokens > maxTokens ? -1 : -over / cacheTokens;
}
