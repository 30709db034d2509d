import { z } from 'zod';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { readManifest } from '../../core/manifest.ts';
import { keyOf } from '../../core/store-layout.ts';
import { type DocumentFrequencies, documentFrequencies } from './cider-d.ts';
import { words } from './words.ts';

const Stored = z.strictObject({
  documents: z.int().positive(),
  frequencies: z.array(z.tuple([z.string(), z.int().min(2)])),
});

let last: { place: string; sha256: string; read: Promise<DocumentFrequencies> } | undefined;

/**
 * The document frequencies of a data set's training captions, each a document. They are counted once and stored beside
 * the manifest; the last ones read are kept, since every step asks for the same.
 * @throws VideocapError `CorruptArtifact` when the manifest is damaged.
 */
export function storedFrequencies(store: ArtifactStore, manifest: ArtifactRef): Promise<DocumentFrequencies> {
  const { place } = store.storage;
  const { sha256 } = manifest;
  if (last?.place === place && last.sha256 === sha256) return last.read;
  const reading = { place, sha256, read: read(store, manifest) };
  last = reading;
  reading.read.catch(() => {
    if (last === reading) last = undefined;
  });
  return reading.read;
}

async function read(store: ArtifactStore, manifest: ArtifactRef): Promise<DocumentFrequencies> {
  const key = keyOf('documentFrequencies', { hash: manifest.sha256 });
  const stored = await store.onceJson(key, Stored, async () => {
    const { train } = await readManifest(store, manifest);
    const { documents, frequencies } = documentFrequencies(train.map(({ caption }) => words(caption)));
    return { documents, frequencies: [...frequencies] };
  });
  return { documents: stored.documents, frequencies: new Map(stored.frequencies) };
}
