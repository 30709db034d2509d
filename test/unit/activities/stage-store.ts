import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ArtifactRef } from '../../../core/artifact-ref.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { encodeClip } from '../../../video/clip.ts';

/** A store of its own for one test. */
export async function temporaryStore(): Promise<ArtifactStore> {
  const root = await mkdtemp(join(tmpdir(), 'videocap-store-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return new ArtifactStore(root);
}

/**
 * The list of clips of these samples, as `extractFrames` stores it. Each clip is 2 frames of 28x28 in a shade of its
 * own.
 */
export async function storeClips(
  store: ArtifactStore,
  sampleIds: readonly string[],
  prompt?: string,
): Promise<ArtifactRef> {
  const refs = [];
  for (const [shade, sampleId] of sampleIds.entries()) {
    const data = new Uint8Array(2 * 28 * 28 * 3).fill(shade);
    const clip = encodeClip({ shape: [2, 28, 28, 3], times: [0, 1], durationSeconds: 1, data });
    refs.push({ sampleId, clip: await store.put(`clips/${sampleId}.clip`, clip), ...(prompt && { prompt }) });
  }
  return store.putJson(`clips/${sampleIds.join('-').slice(0, 60)}.json`, refs);
}
