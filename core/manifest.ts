import type { ArtifactRef } from './artifact-ref.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { DatasetManifest } from './sample.ts';

interface Reading {
  store: string;
  sha256: string;
  manifest: Promise<DatasetManifest>;
}

let last: Reading | undefined;

/**
 * A run's dataset. Every stage of every step asks for the same one, which takes a second to read where it has tens of
 * thousands of samples: the last one read is kept. Callers must not change it.
 * @throws VideocapError `CorruptArtifact`.
 */
export async function readManifest(store: ArtifactStore, { sha256, ...ref }: ArtifactRef): Promise<DatasetManifest> {
  if (last?.store === store.storage.place && last.sha256 === sha256) return last.manifest;
  const reading = {
    store: store.storage.place,
    sha256,
    manifest: store.readJson({ ...ref, sha256 }, DatasetManifest),
  };
  last = reading;
  reading.manifest.catch(() => {
    if (last === reading) last = undefined;
  });
  return reading.manifest;
}
