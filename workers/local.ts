import { fileURLToPath } from 'node:url';
import type { Context } from '@temporalio/activity';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { pino } from 'pino';
import { ArtifactStore } from '../core/artifact-store.ts';
import { PolicyEngine } from '../policy/engine.ts';
import { createActivities, createPolicyActivities } from './activities.ts';
import { ActivityRuntime } from './activity-runtime.ts';
import { readSettings } from './settings.ts';

/**
 * Every queue in one process: workflows and ordinary stages on `videocap`, the embedded engine on `policy-onnx`. Models
 * compute in worker threads, so this thread is always free to heartbeat. Prints `{"ready":true}` once it polls.
 */
async function main(): Promise<void> {
  const settings = readSettings();
  const log = pino({ level: process.env.LOG_LEVEL ?? 'info' }, pino.destination(2));
  const temporalLogger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const { error, ...fields } = (meta ?? {}) as { error?: unknown };
    log[pinoLevel(level)]({ ...fields, ...(error !== undefined && { err: error }) }, message);
  });
  Runtime.install({ logger: temporalLogger });
  const store = new ArtifactStore(`${settings.home}/store`);
  const engine = new PolicyEngine();
  const [connection, workflowBundle] = await Promise.all([
    NativeConnection.connect({ address: settings.temporalAddress }),
    bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
      logger: temporalLogger,
    }),
  ]);
  const shared = {
    connection,
    namespace: settings.temporalNamespace,
    interceptors: { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] },
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '10s',
  } satisfies Partial<WorkerOptions>;
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: 'videocap',
      workflowBundle,
      activities: createActivities(settings, store, log),
      maxConcurrentActivityTaskExecutions: 8,
    }),
    Worker.create({
      ...shared,
      taskQueue: 'policy-onnx',
      activities: createPolicyActivities(store, engine),
      maxConcurrentActivityTaskExecutions: 1,
    }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
  await running.finally(() => engine.close());
}

function pinoLevel(level: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  return level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error';
}

await main();
