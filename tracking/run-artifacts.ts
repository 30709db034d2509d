import { jsonBytes } from '../core/json-in-parts.ts';
import { LOGGED_ARTIFACTS_TAG, type Table, withTable } from './logged-tables.ts';
import type { MlflowClient, MlflowRun } from './mlflow-client.ts';

/** The tag with the reason why an MLflow run has no files. */
const NO_ARTIFACTS_TAG = 'videocap.artifacts';

/** The files of one MLflow run, uploaded through its server. */
export class RunArtifacts {
  readonly #client: MlflowClient;
  readonly #run: MlflowRun;
  readonly #root: string | undefined;

  constructor(client: MlflowClient, run: MlflowRun) {
    this.#client = client;
    this.#run = run;
    this.#root = proxiedRoot(run.artifactUri);
  }

  /**
   * Writes a file, or writes it again. If the server takes no files, the run's description notes it once; numbers are
   * still sent.
   */
  async upload(path: string, content: Uint8Array | string): Promise<boolean> {
    if (this.#root === undefined) {
      if (!this.#run.tags.has(NO_ARTIFACTS_TAG)) await this.#setTag(NO_ARTIFACTS_TAG, unproxied(this.#run.artifactUri));
      return false;
    }
    await this.#client.uploadArtifact(`${this.#root}/${path}`, Buffer.from(content as Uint8Array));
    return true;
  }

  /** Writes a table, and lists it where MLflow's evaluation view looks for tables. */
  async uploadTable(path: string, table: Table): Promise<void> {
    if (!(await this.upload(path, await jsonBytes(table)))) return;
    const before = this.#run.tags.get(LOGGED_ARTIFACTS_TAG);
    const after = withTable(before, path);
    if (after !== before) await this.#setTag(LOGGED_ARTIFACTS_TAG, after);
  }

  async #setTag(key: string, value: string): Promise<void> {
    await this.#client.setTag(this.#run.runId, key, value);
    this.#run.tags.set(key, value);
  }
}

/**
 * `mlflow-artifacts:/1/<run>/artifacts` -> `1/<run>/artifacts`; `undefined` where clients must write to the storage
 * themselves.
 */
export function proxiedRoot(artifactUri: string): string | undefined {
  const match = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+)$/.exec(artifactUri);
  return match?.[1]?.replace(/\/+$/, '');
}

function unproxied(uri: string): string {
  return (
    `Files are not uploaded: this server hands out ${uri} instead of taking them itself (start it with ` +
    "--serve-artifacts). They are in the run's artifact store."
  );
}
