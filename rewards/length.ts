import { z } from 'zod';
import { unscorable, value } from '../core/score.ts';
import { type LocalComponent, Weight } from './component.ts';

export const LengthConfig = z
  .strictObject({
    weight: Weight,
    /** `words`: the caption's, separated by white space. `tokens`: all of the completion's, the end token included. */
    unit: z.enum(['words', 'tokens']).default('words'),
    /** The shortest wanted length. */
    min: z.int().nonnegative(),
    /** The longest wanted length. */
    max: z.int().min(1),
    /** Over so many units below `min` and above `max` the score falls from 1 to 0. */
    fallOff: z.int().min(1),
  })
  .refine(({ min, max }) => min <= max, {
    path: ['max'],
    error: 'set at least min: lengths from min to max are wanted',
  });
export type LengthConfig = z.infer<typeof LengthConfig>;

/**
 * Whether the completion has a wanted length, in [0, 1]: 1 from `min` to `max`, falling linearly to 0 at `fallOff`
 * units outside. A completion without a caption is the policy's fault and worth 0 where words are counted.
 */
export const length: LocalComponent<LengthConfig> = {
  name: 'length',
  config: LengthConfig,
  range: [0, 1],
  colour: 'accent',
  scored: 'locally',
  score: async ({ completions }, config) =>
    completions.map(({ caption, tokens }) => {
      if (config.unit === 'words') return value(caption === undefined ? 0 : lengthScore(wordsOf(caption), config));
      return tokens === undefined
        ? unscorable('Its number of tokens is not known.')
        : value(lengthScore(tokens, config));
    }),
};

export function lengthScore(
  units: number,
  { min, max, fallOff }: Pick<LengthConfig, 'min' | 'max' | 'fallOff'>,
): number {
  const outside = Math.max(min - units, units - max, 0);
  return Math.max(0, 1 - outside / fallOff);
}

function wordsOf(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}
