import { z } from 'zod';
import { OutputForm } from '../core/completion.ts';
import { PromptText } from '../core/prompt.ts';

/** What the policy is asked where a config says nothing, by the form of its completions. */
const DEFAULT_TEXTS: Readonly<Record<OutputForm, string>> = {
  /** What the shipped model was pretrained with. */
  structured: 'Analyse the subjects, their attributes and actions, then describe the video.',
  plain: 'Describe the video.',
};
export const DEFAULT_PROMPT = DEFAULT_TEXTS.structured;

/** What the policy is asked about a video, and the form of its answer. Pure: workflows import it. */
export const PromptConfig = z.strictObject({
  /**
   * The form of a completion: `structured` is `<think>JSON</think><answer>caption</answer>`, `plain` the caption alone.
   * Where a config does not say: `plain` if no sample has a thought or events, else `structured`.
   */
  output: OutputForm.default('structured'),
  /**
   * Instructions. Training draws one for every sample of a round, by the run's seed; benchmarks and `videocap caption`
   * use the first. A sample's own `prompt` comes before them. Absent: one that asks for the form of `output`.
   */
  texts: z
    .array(PromptText)
    .min(1)
    .max(1000)
    .refine((texts) => new Set(texts).size === texts.length, { error: 'name every text once' })
    .optional(),
});
export type PromptConfig = z.infer<typeof PromptConfig>;

/** The instructions of a config; at least one. */
export function promptTexts({ output, texts }: PromptConfig): readonly string[] {
  return texts ?? [DEFAULT_TEXTS[output]];
}
