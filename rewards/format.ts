import { z } from 'zod';
import { value } from '../core/score.ts';
import { type LocalComponent, Weight } from './component.ts';

export const FormatConfig = z.strictObject({ weight: Weight });
export type FormatConfig = z.infer<typeof FormatConfig>;

/**
 * 1 if the completion is exactly `<think>JSON</think><answer>caption</answer>` and the JSON meets the schema, else 0.
 */
export const format: LocalComponent<FormatConfig> = {
  name: 'format',
  config: FormatConfig,
  range: [0, 1],
  colour: 'violet',
  scored: 'locally',
  score: async ({ completions }) => completions.map(({ wellFormed }) => value(wellFormed ? 1 : 0)),
};
