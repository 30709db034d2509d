import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { LocalTools } from '../rewards/component.ts';
import { storedFrequencies } from '../rewards/reference/stored-frequencies.ts';
import { createSimilarity } from '../rewards/think/create-similarity.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** What scoring from texts alone may use, for the samples of one manifest. */
export function scoringTools(
  { store, home, signal }: Pick<ActivityDeps, 'store' | 'home'> & { signal: AbortSignal | undefined },
  manifest: ArtifactRef,
): LocalTools {
  return {
    similarity: (name) => createSimilarity(name, home),
    documentFrequencies: () => storedFrequencies(store, manifest),
    signal,
  };
}
