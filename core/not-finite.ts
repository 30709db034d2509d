import { z } from 'zod';
import type { NumberGrid } from './grid.ts';
import { sampleNames } from './sample-names.ts';

/** A number of an update that is not finite: why the policy stays as it was. */
export const NotFinite = z.strictObject({
  what: z.enum([
    'reward',
    'advantage',
    'log-probability',
    'log-probability of the reference policy',
    'loss',
    'gradient',
    'moment of the optimiser',
    'weight after the update',
    'metric',
  ]),
  /** JSON has no such numbers. */
  value: z.enum(['NaN', 'Infinity', '-Infinity']),
  /** Some samples that it comes from, as far as the engine can tell; absent where it comes from all. */
  samples: z.array(z.string()).max(16).optional(),
  /** The name of a parameter or a metric, or a place among the completions, such as `completion 2 of group 3`. */
  where: z.string().optional(),
});
export type NotFinite = z.infer<typeof NotFinite>;

/** `the gradient is NaN (sample a, lm_head.weight)`. */
export function notFiniteText({ what, value, samples = [], where }: NotFinite): string {
  const from = samples.length === 0 ? [] : [sampleNames(samples)];
  const places = [...from, ...(where === undefined ? [] : [where])];
  return `the ${what} is ${value}${places.length > 0 ? ` (${places.join('; ')})` : ''}`;
}

/** The name of a number that is not finite, or `undefined` of one that is. */
export function notFiniteValue(value: number): NotFinite['value'] | undefined {
  return Number.isFinite(value) ? undefined : (String(value) as NotFinite['value']);
}

/** The first number that is not finite. */
export function firstNotFinite(values: Float32Array): NotFinite['value'] | undefined {
  // The product is NaN exactly where a number is not finite: many times faster than asking for each.
  let probe = 0;
  for (let i = 0; i < values.length; i++) probe += values[i]! * 0;
  return probe === 0 ? undefined : notFiniteValue(values.find((value) => !Number.isFinite(value))!);
}

/** The first reward, and else the first advantage, that is not finite. */
export function findNotFinite(rewards: NumberGrid, advantages: NumberGrid): NotFinite | undefined {
  return inGrid('reward', rewards) ?? inGrid('advantage', advantages);
}

function inGrid(what: NotFinite['what'], grid: NumberGrid): NotFinite | undefined {
  for (const [g, group] of grid.entries())
    for (const [c, number] of group.entries()) {
      const value = number === null ? undefined : notFiniteValue(number);
      if (value) return { what, value, where: `completion ${c + 1} of group ${g + 1}` };
    }
  return undefined;
}
