import type { ArtifactRef } from './artifact-ref.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { VideocapError } from './errors.ts';
import { DatasetManifest, type Sample } from './sample.ts';

/** A run's data set with its samples by id. Shared: callers must not change it. */
export interface ReadManifest extends DatasetManifest {
  /** @throws VideocapError `InvalidInput` for an id that is in neither split. */
  sample(id: string): Sample;
}

interface Reading {
  store: string;
  sha256: string;
  manifest: Promise<ReadManifest>;
}

let last: Reading | undefined;

/**
 * A run's dataset. Every stage of every step reads the same one, and reading tens of thousands of samples takes a
 * second: the last one read is kept.
 * @throws VideocapError `CorruptArtifact`.
 */
export async function readManifest(store: ArtifactStore, { sha256, ...ref }: ArtifactRef): Promise<ReadManifest> {
  if (last?.store === store.storage.place && last.sha256 === sha256) return last.manifest;
  const reading = {
    store: store.storage.place,
    sha256,
    manifest: store.readJson({ ...ref, sha256 }, DatasetManifest).then(withSamples),
  };
  last = reading;
  reading.manifest.catch(() => {
    if (last === reading) last = undefined;
  });
  return reading.manifest;
}

function withSamples(manifest: DatasetManifest): ReadManifest {
  const samples = new Map([...manifest.train, ...manifest.heldOut].map((sample) => [sample.id, sample]));
  return {
    ...manifest,
    sample(id) {
      const sample = samples.get(id);
      if (sample) return sample;
      throw new VideocapError(
        'InvalidInput',
        `Sample "${id}" is not in data set ${manifest.name}; use its own samples.`,
      );
    },
  };
}
