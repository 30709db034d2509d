import type { OutputForm } from './completion.ts';
import { type Sample, structuredCompletion } from './sample.ts';

/** The text that the policy learns to write for a sample. For one without a thought it is the caption alone. */
export function referenceText({ thought, caption }: Pick<Sample, 'thought' | 'caption'>, form: OutputForm): string {
  if (form === 'plain') return caption;
  return thought ? structuredCompletion(thought, caption) : `<answer>${caption}</answer>`;
}
