import { z } from 'zod';

/** What a user has called a run. It stands in the run's config, and in its memo, where lists of runs find it. */
const Labels = z.object({ tags: z.array(z.string()).default([]), note: z.string().default('') });
export type Labels = z.infer<typeof Labels>;

/** The labels in a config or a memo. */
export function labelsIn(source: unknown): Labels {
  return Labels.safeParse(source).data ?? { tags: [], note: '' };
}

/** Those that there are, for a memo. */
export function givenLabels({ tags, note }: Labels): Partial<Labels> {
  return { ...(tags.length > 0 && { tags }), ...(note !== '' && { note }) };
}
