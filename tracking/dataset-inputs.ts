import type { ArtifactRef } from '../core/artifact-ref.ts';
import { type DatasetManifest, type Sample, sharesOf } from '../core/sample.ts';
import { sha256 } from '../core/sha256.ts';
import type { DatasetInput } from './mlflow-client.ts';

/** MLflow takes up to 36 characters, and shows them all. */
const DIGEST_LENGTH = 12;

/**
 * The splits as MLflow's dataset inputs of a run; of a mixed training split, each source with its share. Each has the
 * digest of its own samples: two runs with equal held-out samples have the same held-out input, whatever they train on.
 */
export function datasetInputs(
  manifest: DatasetManifest,
  ref: ArtifactRef,
  /** Names of those that the run has already. */
  known: readonly string[] = [],
): DatasetInput[] {
  return splitsOf(manifest)
    .map((split) => ({ ...split, name: `${manifest.name}/${split.name}` }))
    .filter(({ name }) => !known.includes(name))
    .map(({ name, context, samples, share }) => ({
      name,
      digest: digestOf(samples),
      context,
      sourceType: 'local',
      source: JSON.stringify({ uri: ref.uri, sha256: ref.sha256 }),
      schema: JSON.stringify({ mlflow_colspec: COLUMNS }),
      profile: JSON.stringify({
        num_rows: samples.length,
        quarantined: manifest.quarantined.length,
        ...(share !== undefined && { share }),
      }),
    }));
}

interface Split {
  name: string;
  context: 'training' | 'validation';
  samples: readonly Sample[];
  /** Of what is drawn, from 0 to 1. */
  share?: number;
}

function splitsOf(manifest: DatasetManifest): Split[] {
  let from = 0;
  const sources = sharesOf(manifest).map(({ name, samples, share }): Split => {
    const own = manifest.train.slice(from, from + samples);
    from += samples;
    return { name: `train/${name}`, context: 'training', samples: own, share };
  });
  const train: Split[] =
    sources.length > 0 ? sources : [{ name: 'train', context: 'training', samples: manifest.train }];
  return [...train, { name: 'held-out', context: 'validation', samples: manifest.heldOut }];
}

/** Of everything that a split's samples say, in their order; a video counts by its content, not by its place. */
function digestOf(samples: readonly Sample[]): string {
  const hashes = samples.map(({ video, ...sample }) => {
    const content = 'artifact' in video ? video.artifact.sha256 : video.sha256;
    return sha256(JSON.stringify([content, Object.entries(sample).sort(([a], [b]) => (a < b ? -1 : 1))]));
  });
  return sha256(hashes.join('\n')).slice(0, DIGEST_LENGTH);
}

const COLUMNS = [
  { type: 'string', name: 'video', required: true },
  { type: 'string', name: 'caption', required: true },
  { type: 'string', name: 'thought', required: false },
  { type: 'string', name: 'events', required: false },
];
