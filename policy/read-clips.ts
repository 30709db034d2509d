import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { Frames } from '../core/frames.ts';
import type { ClipRef } from '../core/sample.ts';
import { Clips } from '../core/sample.ts';
import { decodeClip } from '../video/clip.ts';

/** The list that `extractFrames` wrote, in its order. */
export function listClips(store: ArtifactStore, clips: ArtifactRef): Promise<ClipRef[]> {
  return store.readJson(clips, Clips);
}

/** A clip's frames as the engine takes them. Throws `CorruptArtifact`. */
export async function readFrames(store: ArtifactStore, { clip }: ClipRef): Promise<Frames> {
  return decodeClip(await store.read(clip));
}
