import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createTrackingActivities } from '../../../activities/tracking.ts';
import { ScoredRollout } from '../../../contracts/run-results.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { logBatches } from '../../../tracking/log-batches.ts';
import { MlflowClient } from '../../../tracking/mlflow-client.ts';
import { type SyntheticRun, syntheticRun } from '../../unit/report/synthetic-run.ts';
import { runsTagged } from './mlflow-points.ts';
import { type MlflowServer, startMlflow } from './mlflow-server.ts';

let folder: string;
let server: MlflowServer;
let store: ArtifactStore;
let run: SyntheticRun;
let client: MlflowClient;
const execution = { namespace: 'default', workflowId: 'quickstart-1', runId: '0a1b2c3d-0000' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-tracking-'));
  store = new ArtifactStore(join(folder, 'store'));
  [server, run] = await Promise.all([startMlflow(), syntheticRun(store)]);
  client = new MlflowClient({ url: server.url });
});
afterAll(async () => {
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

const tracker = (change: Partial<Parameters<typeof createTrackingActivities>[0]> = {}) =>
  createTrackingActivities({
    store,
    mlflowUrl: server.url,
    temporalUiUrl: 'http://127.0.0.1:8233',
    pauseSeconds: 0.01,
    ...change,
  });
const startInput = () => ({ runKey: run.runKey, config: run.config, startTime: run.records[0]!.time, execution });

async function json<T>(path: string): Promise<T> {
  const response = await fetch(`${server.url}${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

async function history(runId: string, key: string) {
  const query = new URLSearchParams({ run_id: runId, metric_key: key, max_results: '5000' });
  const { metrics } = await json<{ metrics: { value: number; step: number; timestamp: number }[] }>(
    `/api/2.0/mlflow/metrics/get-history?${query}`,
  );
  return metrics.map(({ value, step, timestamp }) => ({ value, step, time: Number(timestamp) }));
}

const artifact = <T>(runId: string, path: string) =>
  json<T>(`/get-artifact?${new URLSearchParams({ run_uuid: runId, path })}`);

describe('a run mirrored to a real MLflow server', () => {
  it('makes one run with params, tags, config and datasets, however often it is started', async () => {
    const { startTracking } = tracker();
    const [first, second] = await Promise.all([startTracking(startInput()), startTracking(startInput())]);
    const third = await startTracking({ ...startInput(), manifest: run.manifest, digest: run.digest });
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(await client.searchRuns(first.experimentId, '')).toHaveLength(1);
    expect(first.runUrl).toBe(
      `${server.url}/#/experiments/${first.experimentId}/runs/${first.mlflowRunId}?workflowType=machine_learning`,
    );

    const { params, tags, status, datasets } = await client.run(first.mlflowRunId);
    expect(status).toBe('RUNNING');
    expect(params.get('algorithm.steps')).toBe('4');
    expect(params.get('algorithm.optimizer.learningRate')).toBe('0.00002');
    expect([...params.keys()].filter((key) => key.startsWith('sft.'))).toEqual([]);
    expect(tags.get('temporal.workflowId')).toBe('quickstart-1');
    expect(tags.get('temporal.url')).toBe(
      'http://127.0.0.1:8233/namespaces/default/workflows/quickstart-1/0a1b2c3d-0000/history',
    );
    expect(tags.get('mlflow.note.content')).toContain('rule-based, no LLM');
    expect(datasets.sort()).toEqual(['shapes-exact-1/held-out', 'shapes-exact-1/train']);
    const config = await fetch(
      `${server.url}/get-artifact?run_uuid=${first.mlflowRunId}&path=${encodeURIComponent('config/resolved.yaml')}`,
    );
    expect(await config.text()).toContain('name: quickstart');
  });

  it('gives every record its own step and time once, though it is delivered twice', async () => {
    const { startTracking, mirrorRecords } = tracker();
    const tracking = await startTracking(startInput());
    const input = { runKey: run.runKey, tracking, manifest: run.manifest, fromStep: 0, toStep: 4 };
    await mirrorRecords(input);
    await mirrorRecords(input);
    const expected = run.records
      .filter(({ metrics }) => 'reward/mean' in metrics)
      .map(({ step, time, metrics }) => ({ step, time, value: metrics['reward/mean'] }));
    expect(await history(tracking.mlflowRunId, 'reward/mean')).toEqual(expected);
    expect((await history(tracking.mlflowRunId, 'eval/eventF1')).map(({ step }) => step)).toEqual([0, 2, 4]);

    const { tags } = await client.run(tracking.mlflowRunId);
    expect(JSON.parse(tags.get('mlflow.loggedArtifacts')!)).toEqual([{ path: 'completions.json', type: 'table' }]);
    const table = await artifact<{ columns: string[]; data: unknown[][] }>(tracking.mlflowRunId, 'completions.json');
    expect(table.columns.slice(0, 7)).toEqual(['id', 'completion', 'step', 'prompt', 'sample', 'reward', 'advantage']);
    expect(table.data).toHaveLength(4 * 8);
    expect(table.data[0]![0]).toBe('1 held-out-000000 #1');
    expect(table.data[0]![1]).toMatch(/^<think>/);
    expect(table.data[0]!.slice(5, 10).every((score) => typeof score === 'number')).toBe(true);
    const last = await artifact<{ data: unknown[][] }>(tracking.mlflowRunId, 'rollouts/step-000004.json');
    expect(last.data).toEqual(table.data.slice(-8));
  });

  it('ends with report, captions and results, and writes each once', async () => {
    const { startTracking, finishTracking } = tracker();
    const tracking = await startTracking(startInput());
    const report = await store.put('report.html', '<!doctype html><title>report</title>');
    const { runKey, evaluations, manifest } = run;
    const input = {
      ...{ runKey, tracking, evaluations, manifest, report },
      status: 'FINISHED' as const,
      endTime: run.records.at(-1)!.time,
    };
    await finishTracking(input);
    await finishTracking(input);
    expect((await history(tracking.mlflowRunId, 'eval/eventF1')).map(({ step }) => step)).toEqual([0, 2, 4]);
    const { status, tags } = await client.run(tracking.mlflowRunId);
    expect(status).toBe('FINISHED');
    expect(tags.get('mlflow.note.content')?.match(/event F1/g)).toHaveLength(1);
    expect(tags.get('mlflow.loggedArtifacts')?.match(/eval\/captions\.json/g)).toHaveLength(1);
    const table = await artifact<{ columns: string[]; data: unknown[][] }>(tracking.mlflowRunId, 'eval/captions.json');
    expect(table.columns.slice(0, 3)).toEqual(['sample', 'caption', 'event recall']);
    expect(table.data).toHaveLength(8);
    const html = await fetch(`${server.url}/get-artifact?run_uuid=${tracking.mlflowRunId}&path=report.html`);
    expect(await html.text()).toContain('<title>report</title>');
  });

  it('continues under its own id when it is taken up after a cancellation, and ends anew', async () => {
    const { startTracking, finishTracking } = tracker();
    const runKey = 'cancelled-00000000';
    const tracking = await startTracking({ ...startInput(), runKey });
    const found = async () => {
      const runs = await runsTagged(server.url, tracking.experimentId, runKey);
      return runs.map(({ info }) => [info.run_id, info.status, Number(info.end_time)]);
    };
    const [first, last] = [run.records[1]!.time, run.records.at(-1)!.time];
    await finishTracking({ runKey, tracking, status: 'KILLED', endTime: first, evaluations: [] });
    expect(await found()).toEqual([[tracking.mlflowRunId, 'KILLED', first]]);
    expect(await startTracking({ ...startInput(), runKey })).toEqual(tracking);
    expect((await client.run(tracking.mlflowRunId)).status).toBe('RUNNING');
    const { manifest, evaluations } = run;
    // The records of the benchmarked steps lie under the run's own key.
    await finishTracking({ runKey: run.runKey, tracking, status: 'FINISHED', endTime: last, evaluations, manifest });
    expect(await found()).toEqual([[tracking.mlflowRunId, 'FINISHED', last]]);
  });

  it('takes more points, params and tags than one request may carry, and numbers that are none', async () => {
    const { experimentId } = await tracker().startTracking(startInput());
    const { runId } = await client.createRun({ experimentId, name: 'limits', startTime: 1, tags: [] });
    const metrics = [
      ...Array.from({ length: 2500 }, (_, step) => ({ key: 'train/loss', value: step / 7, step, timestamp: step })),
      { key: 'odd key: (é)', value: Number.NaN, step: 0, timestamp: 1 },
      { key: 'up', value: Number.POSITIVE_INFINITY, step: 0, timestamp: 1 },
    ];
    const params = Array.from({ length: 130 }, (_, i) => ({ key: `p${i}`, value: 'x'.repeat(7000) }));
    const tags = Array.from({ length: 130 }, (_, i) => ({ key: `t${i}`, value: 'x'.repeat(9000) }));
    for (const batch of logBatches({ metrics, params, tags })) await client.logBatch(runId, batch);
    const run = await client.run(runId);
    expect(run.params.size).toBe(130);
    expect(run.tags.get('t129')).toHaveLength(8000);
    expect(await history(runId, 'train/loss')).toHaveLength(2500);
    // A key that must be changed ends with digits of its hash.
    const { key } = logBatches({ metrics: metrics.slice(-2, -1), params: [], tags: [] })[0]!.metrics![0]!;
    expect(key).toMatch(/^odd key: ___.[0-9a-f]+$/);
    expect(Number((await history(runId, key))[0]?.value)).toBeNaN();
  });

  it('leaves a run alone that somebody deleted, and makes a new one when it is started again', async () => {
    const { startTracking, mirrorRecords, finishTracking } = tracker();
    const runKey = 'deleted-run-00000000';
    const tracking = await startTracking({ ...startInput(), runKey });
    await client.deleteRun(tracking.mlflowRunId);
    const mirrored = { runKey: run.runKey, tracking, manifest: run.manifest, fromStep: 0, toStep: 4 };
    await expect(mirrorRecords(mirrored)).resolves.toBeUndefined();
    const ended = { runKey, tracking, status: 'KILLED' as const, endTime: 1, evaluations: [] };
    await expect(finishTracking(ended)).resolves.toBeUndefined();
    const again = await startTracking({ ...startInput(), runKey });
    expect(again.mlflowRunId).not.toBe(tracking.mlflowRunId);
  });

  it('loses no more to a damaged rollout than the table of its step', async () => {
    const warnings: object[] = [];
    const { startTracking, mirrorRecords } = tracker({ log: { warn: (fields) => void warnings.push(fields) } });
    const tracking = await startTracking({ ...startInput(), runKey: 'damaged-1' });
    const [{ rollout }] = await store.readJson(run.records[2]!.scored!, z.tuple([ScoredRollout]));
    const bytes = await store.read(rollout);
    await writeFile(await store.localCopy(rollout), bytes.subarray(1));
    const input = { runKey: run.runKey, tracking, manifest: run.manifest, fromStep: 0, toStep: 4 };
    await mirrorRecords(input).finally(async () => writeFile(await store.localCopy(rollout), bytes));
    const kl = await history(tracking.mlflowRunId, 'train/kl');
    expect(kl.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    const { tags } = await client.run(tracking.mlflowRunId);
    expect(tags.get('mlflow.loggedArtifacts')).toContain('completions.json');
    const { data } = await artifact<{ data: unknown[][] }>(tracking.mlflowRunId, 'completions.json');
    expect([...new Set(data.map((row) => row[2]))]).toEqual([1, 3, 4]);
    expect(warnings).toEqual([{ reason: expect.stringContaining(`${rollout.uri} is damaged`) }]);
  });

  it('brings an experiment back from the trash', async () => {
    const config = { ...run.config, name: 'trashed' };
    const { experimentId } = await tracker().startTracking({ ...startInput(), runKey: 'trashed-1', config });
    await fetch(`${server.url}/api/2.0/mlflow/experiments/delete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ experiment_id: experimentId }),
    });
    const again = await tracker().startTracking({ ...startInput(), runKey: 'trashed-2', config });
    expect(again.experimentId).toBe(experimentId);
  });

  it('is Unavailable while the server is down, and catches up with the right times when it is back', async () => {
    const runKey = run.runKey;
    const { startTracking, mirrorRecords } = tracker({ attempts: 2 });
    const tracking = await startTracking({ ...startInput(), runKey: 'outage-1' });
    await server.stop();
    const input = { runKey, tracking, manifest: run.manifest, fromStep: 0, toStep: 4 };
    await expect(mirrorRecords(input)).rejects.toMatchObject({ code: 'Unavailable', retryable: true });
    await expect(startTracking(startInput())).rejects.toThrow(/MLflow at .* is away .*ECONNREFUSED/);
    await server.start();
    await mirrorRecords(input);
    const points = await history(tracking.mlflowRunId, 'train/kl');
    expect(points.map(({ time }) => time)).toEqual(run.records.slice(1).map(({ time }) => time));
  });
});
