import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { GenerateRequest } from '../core/policy-engine.ts';
import { type ClipRef, Clips, type Shown } from '../core/sample.ts';
import { type Decoding, filtersOf } from '../core/token-filters.ts';
import { decodeClip } from '../video/clip.ts';
import { DEFAULT_PROMPT } from './prompt-config.ts';

/** The list that `extractFrames` wrote, in its order. */
export function listClips(store: ArtifactStore, clips: ArtifactRef): Promise<ClipRef[]> {
  return store.readJson(clips, Clips);
}

/** What the engine shows and asks the policy. Throws `CorruptArtifact`. */
export async function readShown(store: ArtifactStore, { clip, prompt }: ClipRef): Promise<Shown> {
  return { frames: decodeClip(await store.read(clip)), prompt: prompt ?? DEFAULT_PROMPT };
}

/**
 * How the engine chooses the tokens of a benchmark: the likeliest ones, or with a temperature above 0 by random numbers
 * that are the same at every step of a run, so that the captions of its policies differ in nothing else.
 */
export function captionChoice(decoding: Decoding, seed: number): Pick<GenerateRequest, 'sampling' | 'filters'> {
  const { temperature } = decoding;
  const filters = filtersOf(decoding);
  return {
    ...(temperature > 0 && { sampling: { temperature, seed, path: ['caption'] } }),
    ...(filters && { filters }),
  };
}
