import type { ArtifactStore } from '../core/artifact-store.ts';
import type { PolicyFiles } from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';

/** Where the files of a policy lie, for an engine that knows no artifact store. */
export function policyFiles(store: ArtifactStore, { model, weights, optimizer }: PolicyRef): PolicyFiles {
  return {
    model,
    weights: { path: store.path(weights), sha256: weights.sha256 },
    ...(optimizer && { optimizer: { path: store.path(optimizer), sha256: optimizer.sha256 } }),
  };
}
