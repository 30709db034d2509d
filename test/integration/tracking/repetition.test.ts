import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTrackingActivities } from '../../../activities/tracking.ts';
import type { Tracking } from '../../../contracts/tracking.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { judgedRun } from '../../unit/report/judged-run.ts';
import { type MlflowServer, startMlflow } from './mlflow-server.ts';

let folder: string;
let judge: OpenAiServer;
let server: MlflowServer;
let run: Awaited<ReturnType<typeof judgedRun>>;
let store: ArtifactStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-repetition-'));
  store = new ArtifactStore(folder);
  [server, judge] = await Promise.all([startMlflow(), startOpenAiServer()]);
  run = await judgedRun(store, judge.baseUrl);
}, 240_000);
afterAll(async () => {
  await judge?.close();
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Requests that this attempt may send before it is cut off; counted over all of its HTTP calls. */
function activities(requests = Number.POSITIVE_INFINITY) {
  const cut = new AbortController();
  let sent = 0;
  return createTrackingActivities({
    ...{ store, mlflowUrl: server.url, pauseSeconds: 0.01 },
    signal: () => {
      if (++sent > requests) cut.abort(new Error('killed'));
      return cut.signal;
    },
  });
}

/** All that a run's activities send, from its start to its end. */
async function mirrored(requests?: number): Promise<Tracking> {
  const { runKey, config, records, manifest, digest, evaluations } = run;
  const { startTracking, mirrorRecords, finishTracking } = activities(requests);
  const tracking = await startTracking({ runKey, config, startTime: records[0]!.time, manifest, digest });
  await mirrorRecords({ runKey, tracking, manifest, fromStep: 0, toStep: 3 });
  const end = { how: 'finished' as const, step: 3, totalSteps: 3 };
  const endTime = records.at(-1)!.time;
  await finishTracking({ runKey, tracking, manifest, evaluations, end, endTime, status: 'FINISHED' });
  return tracking;
}

const call = async (path: string, json?: unknown) => {
  const response = await fetch(`${server.url}${path}`, {
    ...(json !== undefined && {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json' },
    }),
  });
  expect(response.status, path).toBe(200);
  return response.text();
};

/** What MLflow has of a run, as texts: the run, its experiment, points, files, models, versions and traces. */
async function everything({ mlflowRunId: id, experimentId }: Tracking): Promise<Record<string, string>> {
  const api = '/api/2.0/mlflow';
  const runText = await call(`${api}/runs/get?run_id=${id}`);
  const { run } = JSON.parse(runText) as { run: { data: { metrics: { key: string }[] } } };
  const content: Record<string, string> = { run: runText };
  for (const { key } of run.data.metrics)
    content[key] = await call(`${api}/metrics/get-history?run_id=${id}&metric_key=${encodeURIComponent(key)}`);
  for (const folder of ['', 'config', 'eval', 'rollouts']) {
    const list = JSON.parse(await call(`${api}/artifacts/list?run_id=${id}&path=${folder}`));
    for (const { path, is_dir } of list.files ?? [])
      if (!is_dir) content[path] = await call(`/get-artifact?run_uuid=${id}&path=${encodeURIComponent(path)}`);
  }
  content.experiment = await call(`${api}/experiments/get?experiment_id=${experimentId}`);
  content.runs = await call(`${api}/runs/search`, { experiment_ids: [experimentId] });
  // Renewed by every write, also of what is there: the moment at which MLflow was last told.
  const untimed = (text: string) => text.replaceAll(/("last_updated_timestamp(_ms)?": ?)\d+/g, '$10');
  content.models = untimed(await call(`${api}/logged-models/search`, { experiment_ids: [experimentId] }));
  content.registry = untimed(await call(`${api}/registered-models/search`));
  content.versions = await call(`${api}/model-versions/search`);
  const locations = [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experimentId } }];
  content.traces = await call('/api/3.0/mlflow/traces/search', { locations, max_results: 100 });
  for (const { trace_id } of JSON.parse(content.traces).traces)
    content[trace_id] = await call(`/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${trace_id}`);
  return content;
}

it('has the same content after a repetition, and after attempts that were killed anywhere', async () => {
  // Every attempt gets a little further, until one gets through.
  let tracking: Tracking | undefined;
  for (let requests = 1; !tracking; requests += 3) tracking = await mirrored(requests).catch(() => undefined);
  const once = await everything(tracking);
  expect(await mirrored()).toEqual(tracking);
  await Promise.all([mirrored(), mirrored()]);
  expect(await everything(tracking)).toEqual(once);

  expect(Object.keys(once)).toEqual(expect.arrayContaining(['completions.json', 'eval/captions.json']));
  const { traces } = JSON.parse(once.traces!) as { traces: { trace_id: string; request_preview: string }[] };
  // Of each of the three steps the verdicts on the best and the worst completion.
  expect(traces).toHaveLength(6);
  const { columns, data } = JSON.parse(once['completions.json']!) as { columns: string[]; data: (string | null)[][] };
  const links = data.map((row) => row[columns.indexOf('judge trace')]).filter((link) => link !== null);
  expect(links.map((link) => link!.replace(/.*=/, '')).sort()).toEqual(traces.map(({ trace_id }) => trace_id).sort());
  const spans = traces.map(({ trace_id }) => once[trace_id]!).join('');
  expect(spans).toContain('event-entailment.v1');

  const { models } = JSON.parse(once.models!) as { models: { info: { name: string; status: string } }[] };
  expect(models.map(({ info }) => [info.name, info.status]).sort()).toEqual(
    run.evaluations.map(({ step }) => [`step-00000${step}`, 'LOGGED_MODEL_READY']),
  );
  expect(once.versions!.match(/"source"/g)).toHaveLength(1);
  expect(once.registry).toContain(`best-${run.runKey}`);
  expect(Object.values(once).join('\n')).not.toContain(run.secret);
}, 300_000);
