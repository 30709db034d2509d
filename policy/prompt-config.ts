import { z } from 'zod';
import { OutputForm } from '../core/completion.ts';

/** What the policy is asked for. Pure: workflows import it. */
export const PromptConfig = z.strictObject({
  /** Where a config does not say: `plain` if no sample has a thought or events, else `structured`. */
  output: OutputForm.default('structured'),
});
export type PromptConfig = z.infer<typeof PromptConfig>;

/** The text that the policy reads beside the video, by the form of its completions. */
const TEXTS: Readonly<Record<OutputForm, string>> = {
  structured: 'Analyse the subjects, their attributes and actions, then describe the video.',
  plain: 'Describe the video.',
};

export function promptText({ output }: PromptConfig): string {
  return TEXTS[output];
}
