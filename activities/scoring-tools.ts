import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { Identity } from '../core/identity.ts';
import type { LocalTools } from '../rewards/component.ts';
import { storedFrequencies } from '../rewards/reference/stored-frequencies.ts';
import type { RewardConfig } from '../rewards/registry.ts';
import { createSimilarity } from '../rewards/think/create-similarity.ts';
import type { Similarity } from '../rewards/think/similarity.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** What scoring from texts alone may use, for the samples of one manifest and one reward. */
export interface ScoringTools extends LocalTools {
  /** What the model computes with that has compared phrases; `undefined` where none has. */
  comparedWith(): Promise<Identity | undefined>;
}

export function scoringTools(
  { store, home, signal }: Pick<ActivityDeps, 'store' | 'home'> & { signal: AbortSignal | undefined },
  { manifest, reward }: { manifest: ArtifactRef; reward: Pick<RewardConfig, 'embeddingModel'> },
): ScoringTools {
  const used = new Set<Similarity>();
  return {
    similarity(name) {
      const similarity = createSimilarity(name, home, reward.embeddingModel);
      used.add(similarity);
      return similarity;
    },
    async comparedWith() {
      const identities = await Promise.all([...used].map((similarity) => similarity.identity?.()));
      return identities.find((identity) => identity !== undefined);
    },
    documentFrequencies: () => storedFrequencies(store, manifest),
    signal,
  };
}
