import { z } from 'zod';
import { PromptText } from '../core/prompt.ts';

/** What the policy is asked where a config says nothing: what the shipped model was pretrained with. */
export const DEFAULT_PROMPT = 'Analyse the subjects, their attributes and actions, then describe the video.';

/** What the policy is asked about a video. */
export const PromptConfig = z.strictObject({
  /**
   * Instructions. Training draws one for every sample of a round, by the run's seed; benchmarks and `videocap caption`
   * use the first. A sample's own `prompt` comes before them.
   */
  texts: z
    .array(PromptText)
    .min(1)
    .max(1000)
    .refine((texts) => new Set(texts).size === texts.length, { error: 'name every text once' })
    .default([DEFAULT_PROMPT]),
});
export type PromptConfig = z.infer<typeof PromptConfig>;
