import { createComparisonActivities } from '../../../activities/compare-completions.ts';
import type { ArtifactRef } from '../../../core/artifact-ref.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';

/** What scripted stages have stored, as JSON, by the uri of its reference. */
const stored = new Map<string, string>();

/** A reference to a value, for a stage that gives its output by reference. */
export function scriptedRef(value: unknown): ArtifactRef {
  const uri = `store:scripted-${stored.size + 1}`;
  stored.set(uri, JSON.stringify(value));
  return { uri, sha256: '0'.repeat(64), bytes: 1 };
}

/** The value behind such a reference. */
export function scriptedValue<T>({ uri }: ArtifactRef): T {
  const text = stored.get(uri);
  if (text === undefined) throw new Error(`No scripted stage has stored ${uri}.`);
  return JSON.parse(text);
}

/** The real stage on what scripted stages have stored. */
export const { compareCompletions } = createComparisonActivities({
  store: {
    readJson: async (ref: ArtifactRef) => scriptedValue(ref),
    putJsonOnce: async (_: string, make: () => Promise<unknown>) => scriptedRef(await make()),
    onceJson: async (_: string, __: unknown, make: () => Promise<unknown>) => make(),
  } as unknown as ArtifactStore,
});
