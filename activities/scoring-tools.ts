import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { LocalTools } from '../rewards/component.ts';
import { storedFrequencies } from '../rewards/reference/stored-frequencies.ts';
import type { RewardConfig } from '../rewards/registry.ts';
import { createSimilarity } from '../rewards/think/create-similarity.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** What scoring from texts alone may use, for the samples of one manifest and one reward. */
export function scoringTools(
  { store, home, signal }: Pick<ActivityDeps, 'store' | 'home'> & { signal: AbortSignal | undefined },
  { manifest, reward }: { manifest: ArtifactRef; reward: Pick<RewardConfig, 'embeddingModel'> },
): LocalTools {
  return {
    similarity: (name) => createSimilarity(name, home, reward.embeddingModel),
    documentFrequencies: () => storedFrequencies(store, manifest),
    signal,
  };
}
