import { hostname } from 'node:os';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { MlflowClient } from '../../tracking/mlflow-client.ts';
import { sendSystemMetrics } from '../../tracking/system-metrics.ts';
import type { WorkerSettings } from '../settings.ts';
import { readCounters } from './counters.ts';
import { gpuReader } from './gpus.ts';
import { readLevels } from './levels.ts';
import { type MonitorParts, SystemMonitor } from './system-monitor.ts';

/** Seconds. The next sample comes soon; this one need not arrive. */
const PATIENCE = 5;

/**
 * Samples this worker's machine for the MLflow pages of the runs that it serves, beside its activities, until `signal`
 * aborts. `undefined` where the settings turn it off.
 */
export function startMonitor(
  { systemMetricsSeconds, mlflowUrl, home }: WorkerSettings,
  store: ArtifactStore,
  { log, signal }: { log: NonNullable<MonitorParts['log']>; signal: AbortSignal },
): SystemMonitor | undefined {
  if (systemMetricsSeconds === undefined) return undefined;
  const client = new MlflowClient({ url: mlflowUrl, signal: () => signal, timeoutSeconds: PATIENCE, attempts: 1 });
  const readGpus = gpuReader();
  const monitor = new SystemMonitor({
    node: nodeName(hostname(), process.pid),
    counters: readCounters,
    levels: () => readLevels(home, readGpus),
    send: (runKey, sample) => sendSystemMetrics({ client, store }, runKey, sample),
    log,
  });
  const timer = setInterval(() => void monitor.sample(), 1000 * systemMetricsSeconds).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return monitor;
}

/** A worker's part of a metric's name: the host without its domain, and the process. */
export function nodeName(host: string, pid: number): string {
  return `${host.split('.')[0]!.replaceAll(/[^\w-]/g, '-')}-${pid}`;
}
