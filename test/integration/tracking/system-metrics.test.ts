import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { nodeName } from '../../../workers/system-metrics/start-monitor.ts';
import { startWorker, type WorkerProcess } from '../../chaos/worker-process.ts';
import { startTemporal } from '../temporal-server.ts';
import { pointsOf, storedPoints, systemPointsOf } from './mlflow-points.ts';
import { type MlflowServer, startMlflow } from './mlflow-server.ts';

const EXPERIMENT = {
  config: 'quickstart',
  overrides: {
    'algorithm.steps': 3,
    'algorithm.samplesPerStep': 1,
    'sampling.groupSize': 2,
    'sampling.maxNewTokens': 24,
    'benchmark.maxNewTokens': 24,
    'dataset.trainSamples': 3,
    'dataset.heldOutSamples': 1,
    'reward.think.similarity': 'token-f1',
  },
};

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let home: string;
let workers: WorkerProcess[] = [];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-system-metrics-'));
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow()]);
  const serve = (queues: string) => {
    const env = { VIDEOCAP_QUEUES: queues, MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: '0.2' };
    return startWorker({ temporalAddress: temporal.address, mlflowUrl: mlflow.url, home, env });
  };
  workers = await Promise.all([serve('videocap,media'), serve('judge,policy-onnx')]);
}, 180_000);
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(home, { recursive: true, force: true });
});

const start = (workflowId: string) =>
  temporal.client.workflow.start<(input: object) => Promise<RunSummary>>('trainingRun', {
    ...{ taskQueue: 'videocap', workflowId },
    args: [EXPERIMENT],
  });
const mlflowRunOf = ({ mlflowRunUrl }: RunSummary) => /\/runs\/(\w+)\?/.exec(mlflowRunUrl!)![1]!;

it("a run's page has the system metrics of both its workers, up to its end and without an effect on it", async () => {
  const summary = await (await start('watched')).result();
  const page = mlflowRunOf(summary);
  const system = await systemPointsOf(mlflow.url, page);
  const prefixes = workers.map(({ pid }) => `system/${nodeName(hostname(), pid)}/`);
  for (const prefix of prefixes) {
    const own = system.filter(({ key }) => key.startsWith(prefix));
    const names = new Set(own.map(({ key }) => key.slice(prefix.length)));
    expect([...names].filter((name) => !name.startsWith('gpu_')).sort()).toEqual([
      ...['cpu_utilization_percentage', 'disk_available_megabytes', 'disk_usage_megabytes', 'disk_usage_percentage'],
      ...['network_receive_megabytes', 'network_transmit_megabytes'],
      ...['system_memory_usage_megabytes', 'system_memory_usage_percentage'],
      ...['worker_cpu_utilization_percentage', 'worker_memory_usage_megabytes'],
    ]);
    expect(own.filter(({ value }) => !(value >= 0))).toEqual([]);
    const series = own.filter(({ key }) => key === `${prefix}worker_memory_usage_megabytes`);
    expect(series.length).toBeGreaterThan(1);
    expect(series.every(({ value }) => value > 50)).toBe(true);
    const byTime = series.toSorted((a, b) => a.time - b.time);
    expect(byTime.map(({ step }) => step)).toEqual(series.map(({ step }) => step).toSorted((a, b) => a - b));
  }
  expect(system.filter(({ key }) => !prefixes.some((prefix) => key.startsWith(prefix)))).toEqual([]);
  const results = await pointsOf(mlflow.url, page);
  expect(await storedPoints(mlflow.folder, summary.mlflowRunUrl!)).toHaveLength(results.length);

  // The same workers serve another run, and MLflow goes away once the run has a page.
  const run = await start('unwatched');
  const status = () => run.query<RunStatus>('status').catch(() => undefined);
  await expect.poll(async () => (await status())?.mlflowRunUrl, { interval: 20 }).toBeDefined();
  await mlflow.stop();
  const gone = Date.now();
  await expect.poll(async () => (await status())?.stage, { timeout: 240_000 }).toBe('mlflow');
  const back = Date.now();
  await mlflow.start();
  const other = await run.result();
  expect(other.policy.weights.sha256).toBe(summary.policy.weights.sha256);
  expect(other.trained.metrics).toEqual(summary.trained.metrics);
  const numbers = async (one: RunSummary) =>
    (await pointsOf(mlflow.url, mlflowRunOf(one)))
      .filter(({ key }) => !/^time\/|PerSecond$|^judge\/latencySeconds/.test(key))
      .map(({ key, step, value }) => ({ key, step, value }));
  expect(await numbers(other)).toEqual(await numbers(summary));

  // What was sampled while MLflow was away is dropped, and a run that has ended gets no more.
  const fewer = await systemPointsOf(mlflow.url, mlflowRunOf(other));
  expect(fewer.filter(({ time }) => time > gone && time < back)).toEqual([]);
  expect(await systemPointsOf(mlflow.url, page)).toEqual(system);
}, 600_000);
