import { lookup } from 'node:dns/promises';
import { type Logger, Runtime, type RuntimeOptions } from '@temporalio/worker';
import { VideocapError } from '../core/errors.ts';
import type { ListenAddress } from './listen-address.ts';

/** Seconds. The SDK's own buckets end at a minute, and a stage may take a day. */
const SECONDS = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200, 86_400];
const LONG_LATENCIES = {
  temporal_activity_schedule_to_start_latency: SECONDS,
  temporal_activity_execution_latency: SECONDS,
  temporal_workflow_endtoend_latency: SECONDS,
};

/**
 * Starts the SDK's part of the process, which serves its metrics for Prometheus where an address is given.
 * @throws VideocapError `InvalidConfig` for an address at which nothing can be served.
 */
export async function installRuntime(logger: Logger, metrics: ListenAddress | undefined): Promise<void> {
  if (!metrics) return void Runtime.install({ logger });
  try {
    Runtime.install({ logger, telemetryOptions: await prometheus(metrics) });
  } catch (error) {
    throw new VideocapError(
      'InvalidConfig',
      `VIDEOCAP_METRICS cannot be served (${(error as Error).message}); set it to a free address of this host.`,
      { cause: error },
    );
  }
}

/** The SDK takes numbers alone, no names of hosts. */
async function prometheus({ host, port }: ListenAddress): Promise<NonNullable<RuntimeOptions['telemetryOptions']>> {
  const { address, family } = await lookup(host);
  const bindAddress = `${family === 6 ? `[${address}]` : address}:${port}`;
  const names = { countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
  return { metrics: { prometheus: { bindAddress, ...names, histogramBucketOverrides: LONG_LATENCIES } } };
}
