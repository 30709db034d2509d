import { runPage } from '../contracts/mlflow-pages.ts';
import { Tracking } from '../contracts/tracking.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import { keyOf } from '../core/store-layout.ts';
import type { MlflowClient, MlflowRun, Tag } from './mlflow-client.ts';
import { MlflowError } from './mlflow-error.ts';
import { END_TAG, NOTE_TAG, noteAtStart, RUN_KEY_TAG } from './run-tags.ts';
import { VIEW_TAG } from './runs-view.ts';

/** What an MLflow run is found or made by. */
export interface WantedRun {
  /** Its tag `videocap.runKey`, which is among its `tags`. */
  runKey: string;
  startTime: number;
  experiment: { name: string; tags: Tag[] };
  /** Those that it begins with, in its experiment. */
  tags(experimentId: string): Tag[];
}

/**
 * The MLflow run of a run key: the one that is there, or a new one. However often and however concurrently this is
 * called, one run results: it is found by its tag, and two that are made at the same moment are settled by the artifact
 * store, where the first one is written down and the other is withdrawn. One that had ended is running again.
 */
export async function findOrCreateRun(
  deps: { client: MlflowClient; store: ArtifactStore },
  wanted: WantedRun,
): Promise<{ tracking: Tracking; run: MlflowRun }> {
  const found = await findOrCreate(deps, wanted);
  await reopen(deps.client, found.run);
  return found;
}

/** Marks a run as running that had ended: a user has resumed it, or reset it to an earlier event. */
export async function reopen(client: MlflowClient, { runId, status, tags }: MlflowRun): Promise<void> {
  if (status !== 'RUNNING') await client.updateRun(runId, { status: 'RUNNING' });
  if (!tags.get(END_TAG)) return;
  await client.setTag(runId, NOTE_TAG, noteAtStart(tags.get(NOTE_TAG) ?? ''));
  await client.setTag(runId, END_TAG, '');
}

async function findOrCreate(
  { client, store }: { client: MlflowClient; store: ArtifactStore },
  wanted: WantedRun,
): Promise<{ tracking: Tracking; run: MlflowRun }> {
  const { runKey, startTime, tags } = wanted;
  const key = keyOf('trackingRun', { runKey });
  const known = await store.find(key);
  if (known) {
    const tracking = await store.readJson(known, Tracking);
    const run = await existing(client, tracking.mlflowRunId);
    if (run && tracking.runUrl.startsWith(`${client.url}/`)) return { tracking, run };
    await store.remove(key); // another server, or a user deleted the run
  }
  const experimentId = await findOrCreateExperiment(client, wanted);
  const [found] = await client.searchRuns(experimentId, `tags.\`${RUN_KEY_TAG}\` = '${runKey}'`);
  const run =
    found ?? (await client.createRun({ experimentId, name: runName(runKey), startTime, tags: tags(experimentId) }));
  const tracking = {
    mlflowRunId: run.runId,
    experimentId,
    runUrl: runPage(client.url, { experimentId, runId: run.runId }),
  };
  try {
    await store.putJson(key, tracking);
    return { tracking, run };
  } catch (error) {
    if (!(error instanceof VideocapError && error.code === 'ArtifactConflict')) throw error;
    const first = await store.readJson((await store.find(key))!, Tracking);
    if (!found) await client.deleteRun(run.runId);
    return { tracking: first, run: await client.run(first.mlflowRunId) };
  }
}

async function findOrCreateExperiment(
  client: MlflowClient,
  { experiment: { name, tags } }: WantedRun,
): Promise<string> {
  const found = await client.experimentByName(name);
  if (found?.deleted) await client.restoreExperiment(found.id);
  if (found) {
    // People may write another description.
    const missing = tags.filter(({ key, value }) =>
      key === VIEW_TAG ? found.tags.get(key) !== value : !found.tags.has(key),
    );
    for (const { key, value } of missing) await client.setExperimentTag(found.id, key, value);
    return found.id;
  }
  try {
    return await client.createExperiment(name, tags);
  } catch (error) {
    // Two runs of one experiment may start at the same moment.
    const id = (await client.experimentByName(name))?.id;
    if (id !== undefined && error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS') return id;
    throw error;
  }
}

async function existing(client: MlflowClient, runId: string): Promise<MlflowRun | undefined> {
  try {
    const run = await client.run(runId);
    return run.deleted ? undefined : run;
  } catch (error) {
    if (error instanceof MlflowError && error.gone) return undefined;
    throw error;
  }
}

/** A run key is a workflow id with a piece of its execution's id: enough for a name that people recognise. */
function runName(runKey: string): string {
  return runKey.slice(0, 250);
}
