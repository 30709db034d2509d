import { ScoredRollout } from '../contracts/run-results.ts';
import { StoredScores } from '../contracts/scoring.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { type ArtifactStore, sha256 } from '../core/artifact-store.ts';
import type { NumberGrid } from '../core/grid.ts';

/** A scoring stage's output with the scores that it refers to. */
export async function withScores<T extends { scores: ArtifactRef }>(store: ArtifactStore, output: T | Promise<T>) {
  const given = await output;
  return { ...given, scores: await store.readJson(given.scores, StoredScores) };
}

/** Rollouts with the advantages that an update is to learn from. */
export function storeScored(
  store: ArtifactStore,
  rollouts: readonly { rollout: ArtifactRef; advantages: NumberGrid }[],
): Promise<ArtifactRef> {
  const scored = rollouts.map(({ rollout, advantages }): ScoredRollout => {
    return ScoredRollout.parse({ rollout, verdicts: rollout, scores: {}, rewards: advantages, advantages });
  });
  return store.putJson(`scored/${sha256(JSON.stringify(scored))}.json`, scored);
}
