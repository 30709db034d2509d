import type { ArtifactStore } from '../core/artifact-store.ts';
import type { PolicyFiles } from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';

/**
 * Local copies of a policy's files, for an engine that knows no artifact store.
 * @throws VideocapError `CorruptArtifact` when one is gone.
 */
export async function policyFiles(
  store: ArtifactStore,
  { model, weights, optimizer }: PolicyRef,
): Promise<PolicyFiles> {
  return {
    model,
    weights: { path: await store.localCopy(weights), sha256: weights.sha256 },
    ...(optimizer && { optimizer: { path: await store.localCopy(optimizer), sha256: optimizer.sha256 } }),
  };
}
