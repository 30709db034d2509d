import { z } from 'zod';
import { MlflowError } from './mlflow-error.ts';
import { MlflowHttp, type MlflowHttpOptions } from './mlflow-http.ts';
import { otlpBody, type Span } from './otlp.ts';

export interface Tag {
  key: string;
  value: string;
}
export type Param = Tag;

export interface Metric {
  key: string;
  /** NaN and infinities are allowed, and arrive as such. */
  value: number;
  step: number;
  /** Milliseconds since the epoch. */
  timestamp: number;
}

export interface DatasetInput {
  name: string;
  /** At most 36 characters. */
  digest: string;
  sourceType: string;
  /** JSON. */
  source: string;
  schema?: string;
  profile?: string;
  /** `training`, `validation`, ... */
  context: string;
}

export type RunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

const KeyValues = z.array(z.object({ key: z.string(), value: z.string() })).default([]);
const Experiment = z.object({
  experiment_id: z.string(),
  lifecycle_stage: z.string().default('active'),
  tags: KeyValues,
});
const Run = z.object({
  info: z.object({
    run_id: z.string(),
    experiment_id: z.string(),
    status: z.string(),
    start_time: z.coerce.number().default(0),
    lifecycle_stage: z.string().default('active'),
    artifact_uri: z.string(),
  }),
  data: z.object({ params: KeyValues, tags: KeyValues }).prefault({}),
  outputs: z.object({ model_outputs: z.array(z.object({ model_id: z.string() })).default([]) }).prefault({}),
  inputs: z
    .object({ dataset_inputs: z.array(z.object({ dataset: z.object({ name: z.string() }) })).default([]) })
    .prefault({}),
});

export interface MlflowExperiment {
  id: string;
  deleted: boolean;
  tags: Map<string, string>;
}

const READY = 'LOGGED_MODEL_READY';
const Model = z.object({
  info: z.object({ model_id: z.string(), name: z.string(), status: z.string() }),
});
const Version = z.object({ version: z.string(), source: z.string().default('') });

/** A model that a run has logged. */
export interface LoggedModel {
  id: string;
  name: string;
  ready: boolean;
}

/** An MLflow run as far as this project reads it. */
export interface MlflowRun {
  runId: string;
  experimentId: string;
  status: string;
  /** Milliseconds since the epoch. */
  startTime: number;
  deleted: boolean;
  artifactUri: string;
  params: Map<string, string>;
  tags: Map<string, string>;
  /** Names of its dataset inputs. */
  datasets: string[];
  /** Ids of the models that are listed as its outputs. */
  models: string[];
}

const API = '/api/2.0/mlflow';

/**
 * MLflow's REST API, as far as it is needed: one method a call, nothing added. Limits of one `logBatch`: 1000 metrics,
 * 100 params, 100 tags, 1 MB (`log-batches.ts` keeps them). Every method throws `MlflowError`.
 *
 * There is no MLflow client for Node to build on: `mlflow-js-client` does not exist on npm, and `mlflow` there is a
 * client of 2019 that prints request bodies.
 */
export class MlflowClient {
  readonly #http: MlflowHttp;

  constructor(options: MlflowHttpOptions) {
    this.#http = new MlflowHttp(options);
  }

  /** Of the server, without credentials. */
  get url(): string {
    return this.#http.url;
  }

  async experimentByName(name: string): Promise<MlflowExperiment | undefined> {
    try {
      const answer = await this.#get('experiments/get-by-name', { experiment_name: name });
      const { experiment } = read(z.object({ experiment: Experiment }), answer);
      const { experiment_id: id, lifecycle_stage, tags } = experiment;
      return { id, deleted: lifecycle_stage === 'deleted', tags: mapOf(tags) };
    } catch (error) {
      if (error instanceof MlflowError && error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined;
      throw error;
    }
  }

  async experiment(id: string): Promise<{ name: string }> {
    const answer = await this.#get('experiments/get', { experiment_id: id });
    return read(z.object({ experiment: z.object({ name: z.string() }) }), answer).experiment;
  }

  async createExperiment(name: string, tags: Tag[]): Promise<string> {
    return read(Experiment, await this.#post('experiments/create', { name, tags })).experiment_id;
  }

  async restoreExperiment(id: string): Promise<void> {
    await this.#post('experiments/restore', { experiment_id: id });
  }

  async setExperimentTag(id: string, key: string, value: string): Promise<void> {
    await this.#post('experiments/set-experiment-tag', { experiment_id: id, key, value });
  }

  /** Sent once: an answer that got lost must not become a second run. */
  async createRun(run: { experimentId: string; name: string; startTime: number; tags: Tag[] }): Promise<MlflowRun> {
    const answer = await this.#http.request({
      method: 'POST',
      path: `${API}/runs/create`,
      json: { experiment_id: run.experimentId, run_name: run.name, start_time: run.startTime, tags: run.tags },
      repeatable: false,
    });
    return asRun(read(z.object({ run: Run }), answer).run);
  }

  async run(runId: string): Promise<MlflowRun> {
    return asRun(read(z.object({ run: Run }), await this.#get('runs/get', { run_id: runId })).run);
  }

  /** Runs that are not deleted. `filter` is in MLflow's search language. */
  async searchRuns(experimentId: string, filter: string): Promise<MlflowRun[]> {
    const answer = await this.#post('runs/search', {
      experiment_ids: [experimentId],
      filter,
      max_results: 100,
      order_by: ['attributes.start_time ASC', 'attributes.run_id ASC'],
    });
    return read(z.object({ runs: z.array(Run).default([]) }), answer).runs.map(asRun);
  }

  async updateRun(runId: string, change: { status: RunStatus; endTime?: number }): Promise<void> {
    const { status, endTime } = change;
    await this.#post('runs/update', { run_id: runId, status, ...(endTime !== undefined && { end_time: endTime }) });
  }

  async deleteRun(runId: string): Promise<void> {
    await this.#post('runs/delete', { run_id: runId });
  }

  /**
   * Sending a point again (same key, step, timestamp and value) changes nothing. A param may only be sent again with
   * its old value.
   */
  async logBatch(runId: string, batch: { metrics?: Metric[]; params?: Param[]; tags?: Tag[] }): Promise<void> {
    const { metrics = [], params = [], tags = [] } = batch;
    const points = metrics.map(({ value, ...point }) => ({ ...point, value: asJsonNumber(value) }));
    await this.#post('runs/log-batch', { run_id: runId, metrics: points, params, tags });
  }

  async setTag(runId: string, key: string, value: string): Promise<void> {
    await this.#post('runs/set-tag', { run_id: runId, key, value });
  }

  async logInputs(runId: string, inputs: DatasetInput[]): Promise<void> {
    await this.#post('runs/log-inputs', {
      run_id: runId,
      datasets: inputs.map(({ context, sourceType, ...dataset }) => ({
        tags: [{ key: 'mlflow.data.context', value: context }],
        dataset: { ...dataset, source_type: sourceType },
      })),
    });
  }

  /** Sends spans of traces of a run. Those that were sent before change nothing. */
  async sendSpans({ experimentId, runId }: Pick<MlflowRun, 'experimentId' | 'runId'>, spans: readonly Span[]) {
    const headers = { 'x-mlflow-experiment-id': experimentId, 'x-mlflow-run-id': runId };
    await this.#http.request({ method: 'POST', path: '/v1/traces', headers, json: otlpBody(spans) });
  }

  /** The models that a run has logged. */
  async loggedModels({ experimentId, runId }: Pick<MlflowRun, 'experimentId' | 'runId'>): Promise<LoggedModel[]> {
    const filter = `source_run_id = '${runId}'`;
    const answer = await this.#post('logged-models/search', {
      experiment_ids: [experimentId],
      filter,
      max_results: 50,
    });
    return read(z.object({ models: z.array(Model).default([]) }), answer).models.map(asModel);
  }

  /** Sent once, as `createRun` is. */
  async createLoggedModel(
    { experimentId, runId }: Pick<MlflowRun, 'experimentId' | 'runId'>,
    model: { name: string; type: string; tags: Tag[] },
  ): Promise<LoggedModel> {
    const { name, type, tags } = model;
    const json = { experiment_id: experimentId, source_run_id: runId, name, model_type: type, tags };
    const answer = await this.#http.request({
      ...{ method: 'POST', path: `${API}/logged-models`, json, repeatable: false },
    });
    return asModel(read(z.object({ model: Model }), answer).model);
  }

  /** The model is complete. */
  async finishLoggedModel(id: string): Promise<void> {
    const json = { model_id: id, status: READY };
    await this.#http.request({ method: 'PATCH', path: `${API}/logged-models/${id}`, json });
  }

  async deleteLoggedModel(id: string): Promise<void> {
    await this.#http.request({ method: 'DELETE', path: `${API}/logged-models/${id}` });
  }

  /** Lists models as outputs of a run; each may be sent once. */
  async logOutputs(runId: string, models: readonly { id: string; step: number }[]): Promise<void> {
    await this.#post('runs/outputs', { run_id: runId, models: models.map(({ id, step }) => ({ model_id: id, step })) });
  }

  /** Makes the entry of the model registry, unless it is there. */
  async registerModel(name: string): Promise<void> {
    try {
      await this.#post('registered-models/create', { name });
    } catch (error) {
      if (!(error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS')) throw error;
    }
  }

  /** The versions of a registered model that a run has made. */
  async modelVersions(name: string, runId: string): Promise<{ version: string; source: string }[]> {
    const answer = await this.#get('model-versions/search', { filter: `name = '${name}' AND run_id = '${runId}'` });
    return read(z.object({ model_versions: z.array(Version).default([]) }), answer).model_versions;
  }

  /** Sent once, as `createRun` is. @returns its number. */
  async createModelVersion(name: string, runId: string, modelId: string): Promise<string> {
    const json = { name, source: `models:/${modelId}`, run_id: runId, model_id: modelId };
    const answer = await this.#http.request({
      ...{ method: 'POST', path: `${API}/model-versions/create`, json, repeatable: false },
    });
    return read(z.object({ model_version: Version }), answer).model_version.version;
  }

  async setAlias(name: string, alias: string, version: string): Promise<void> {
    await this.#post('registered-models/alias', { name, alias, version });
  }

  /**
   * Writes a file below the server's proxied artifacts; `path` is relative to their root. Writing it again replaces it.
   */
  async uploadArtifact(path: string, bytes: Uint8Array): Promise<void> {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    await this.#http.request({ method: 'PUT', path: `/api/2.0/mlflow-artifacts/artifacts/${encoded}`, bytes });
  }

  async #get(call: string, query: Record<string, string>): Promise<unknown> {
    return this.#http.request({ method: 'GET', path: `${API}/${call}`, query });
  }

  async #post(call: string, json: unknown): Promise<unknown> {
    return this.#http.request({ method: 'POST', path: `${API}/${call}`, json });
  }
}

/** JSON has no NaN and no infinities; MLflow reads them from these strings. */
function asJsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A well-formed answer that is not MLflow's comes from some other server: a proxy's login page, for instance. */
function read<S extends z.ZodType>(schema: S, answer: unknown): z.infer<S> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new MlflowError(
    { status: 200, errorCode: 'NOT_MLFLOW', message: 'its answer is not one of MLflow' },
    { cause: parsed.error },
  );
}

function mapOf(pairs: readonly Tag[]): Map<string, string> {
  return new Map(pairs.map(({ key, value }) => [key, value]));
}

function asModel({ info }: z.infer<typeof Model>): LoggedModel {
  return { id: info.model_id, name: info.name, ready: info.status === READY };
}

function asRun({ info, data, inputs, outputs }: z.infer<typeof Run>): MlflowRun {
  return {
    runId: info.run_id,
    experimentId: info.experiment_id,
    status: info.status,
    startTime: info.start_time,
    deleted: info.lifecycle_stage === 'deleted',
    artifactUri: info.artifact_uri,
    params: mapOf(data.params),
    tags: mapOf(data.tags),
    datasets: inputs.dataset_inputs.map(({ dataset }) => dataset.name),
    models: outputs.model_outputs.map(({ model_id }) => model_id),
  };
}
