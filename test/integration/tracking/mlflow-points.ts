import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RUN_KEY_TAG } from '../../../tracking/run-tags.ts';

export interface Point {
  key: string;
  step: number;
  /** Milliseconds since the epoch. */
  time: number;
  value: number;
}

/** Metrics of workers differ with every worker and every moment: they are no result of a run. */
const SYSTEM = 'system/';

/**
 * Everything that MLflow's REST API shows of a run's metrics but the system metrics, with every value there is, by
 * metric and step.
 */
export async function pointsOf(url: string, runId: string): Promise<Point[]> {
  return (await allPoints(url, runId)).filter(({ key }) => !key.startsWith(SYSTEM));
}

/** The system metrics alone. */
export async function systemPointsOf(url: string, runId: string): Promise<Point[]> {
  return (await allPoints(url, runId)).filter(({ key }) => key.startsWith(SYSTEM));
}

async function allPoints(url: string, runId: string): Promise<Point[]> {
  const { run } = await call<{ run: { data: { metrics?: { key: string }[] } } }>(url, `runs/get?run_id=${runId}`);
  const points: Point[] = [];
  for (const { key } of run.data.metrics ?? []) {
    const query = new URLSearchParams({ run_id: runId, metric_key: key, max_results: '10000' });
    const { metrics } = await call<{ metrics: { value: number; step: number; timestamp: number }[] }>(
      url,
      `metrics/get-history?${query}`,
    );
    for (const { value, step, timestamp } of metrics)
      points.push({ key, step: Number(step), time: Number(timestamp), value });
  }
  return points.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.step - b.step));
}

/**
 * What `pointsOf` gives, from the server's database, in one query: a run has many metrics, and the API gives one at a
 * time.
 * @param runUrl the run's page.
 */
export async function storedPoints(folder: string, runUrl: string): Promise<Point[]> {
  const runId = /\/runs\/([0-9a-f]{32})/.exec(runUrl)![1]!;
  const { stdout } = await promisify(execFile)('python3', ['-c', QUERY, join(folder, 'mlflow.db'), runId]);
  const rows = JSON.parse(stdout) as [key: string, step: number, time: number, value: number][];
  return rows.map(([key, step, time, value]) => ({ key, step, time, value }));
}

const QUERY = `
import json, sqlite3, sys
metrics = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute(
    "select key, step, timestamp, case when is_nan then null else value end from metrics"
    " where run_uuid = ? and key not like '${SYSTEM}%' order by key, step, timestamp, value", sys.argv[2:])
print(json.dumps(metrics.fetchall()))
`;

export interface FoundRun {
  info: { run_id: string; status: string; start_time: number; end_time?: number };
}

/** The runs of an experiment that mirror a run of ours. */
export async function runsTagged(url: string, experimentId: string, runKey: string): Promise<FoundRun[]> {
  const { runs } = await call<{ runs?: FoundRun[] }>(url, 'runs/search', {
    experiment_ids: [experimentId],
    filter: `tags.\`${RUN_KEY_TAG}\` = '${runKey}'`,
  });
  return runs ?? [];
}

async function call<T>(url: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    ...(body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  if (!response.ok) throw new Error(`MLflow answers ${path} with ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
