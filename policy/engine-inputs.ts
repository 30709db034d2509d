import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { PolicyFiles } from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { type ClipRef, Clips, type Frames } from '../core/sample.ts';
import { decodeClip } from '../video/clip.ts';

/** The list that `extractFrames` wrote, in its order. */
export function listClips(store: ArtifactStore, clips: ArtifactRef): Promise<ClipRef[]> {
  return store.readJson(clips, Clips);
}

/** A clip's frames as the engine takes them. Throws `CorruptArtifact`. */
export async function readFrames(store: ArtifactStore, { clip }: ClipRef): Promise<Frames> {
  return decodeClip(await store.read(clip));
}

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
