import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { DatasetManifest, Sample } from '../core/sample.ts';
import type { DatasetInput } from './mlflow-client.ts';

/** MLflow takes up to 36 characters, and shows them all. */
const DIGEST_LENGTH = 12;

/** The two splits as MLflow's dataset inputs of a run. */
export function datasetInputs(manifest: DatasetManifest, ref: ArtifactRef): DatasetInput[] {
  const split = (name: string, context: string, samples: readonly Sample[]): DatasetInput => ({
    name: `${manifest.name}/${name}`,
    digest: manifest.digest.slice(0, DIGEST_LENGTH),
    context,
    sourceType: 'local',
    source: JSON.stringify({ uri: ref.uri, sha256: ref.sha256 }),
    schema: JSON.stringify({ mlflow_colspec: COLUMNS }),
    profile: JSON.stringify({ num_rows: samples.length, quarantined: manifest.quarantined.length }),
  });
  return [split('train', 'training', manifest.train), split('held-out', 'validation', manifest.heldOut)];
}

const COLUMNS = [
  { type: 'string', name: 'video', required: true },
  { type: 'string', name: 'caption', required: true },
  { type: 'string', name: 'thought', required: false },
  { type: 'string', name: 'events', required: false },
];
