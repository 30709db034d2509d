import type { ArtifactRef } from '../core/artifact-ref.ts';
import { type DatasetManifest, sharesOf } from '../core/sample.ts';
import type { DatasetInput } from './mlflow-client.ts';

/** MLflow takes up to 36 characters, and shows them all. */
const DIGEST_LENGTH = 12;

/** The splits as MLflow's dataset inputs of a run; of a mixed training split, each source with its share. */
export function datasetInputs(manifest: DatasetManifest, ref: ArtifactRef): DatasetInput[] {
  const split = (name: string, context: string, samples: number, more: object = {}): DatasetInput => ({
    name: `${manifest.name}/${name}`,
    digest: manifest.digest.slice(0, DIGEST_LENGTH),
    context,
    sourceType: 'local',
    source: JSON.stringify({ uri: ref.uri, sha256: ref.sha256 }),
    schema: JSON.stringify({ mlflow_colspec: COLUMNS }),
    profile: JSON.stringify({ num_rows: samples, quarantined: manifest.quarantined.length, ...more }),
  });
  const sources = sharesOf(manifest).map(({ name, samples, share }) =>
    split(`train/${name}`, 'training', samples, { share }),
  );
  const train = sources.length > 0 ? sources : [split('train', 'training', manifest.train.length)];
  return [...train, split('held-out', 'validation', manifest.heldOut.length)];
}

const COLUMNS = [
  { type: 'string', name: 'video', required: true },
  { type: 'string', name: 'caption', required: true },
  { type: 'string', name: 'thought', required: false },
  { type: 'string', name: 'events', required: false },
];
