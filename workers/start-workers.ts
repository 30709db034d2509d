import { fileURLToPath } from 'node:url';
import type { Context } from '@temporalio/activity';
import {
  type ActivityInterceptors,
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { ArtifactStore } from '../core/artifact-store.ts';
import { PolicyEngine } from '../policy/engine.ts';
import { createActivities, createPolicyActivities } from './activities.ts';
import { ActivityRuntime } from './activity-runtime.ts';
import type { WorkerSettings } from './settings.ts';

export interface WorkerParts {
  log: Logger;
  /** Closest to the activities, inside our own runtime. */
  interceptors?: ((context: Context) => ActivityInterceptors)[];
  /** The workflows, bundled; otherwise they are bundled now, which takes seconds. */
  workflowBundle?: WorkerOptions['workflowBundle'];
}

/**
 * Every queue in one process: workflows and ordinary stages on `videocap`, the embedded engine on `policy-onnx`. Models
 * compute in worker threads, so this thread is always free to heartbeat. Returns once it polls; `ended` settles when it
 * has been shut down.
 */
export async function startWorkers(
  settings: WorkerSettings,
  { log, interceptors = [], workflowBundle }: WorkerParts,
): Promise<{ ended: Promise<void> }> {
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const { error, ...fields } = (meta ?? {}) as { error?: unknown };
    log[pinoLevel(level)]({ ...fields, ...(error !== undefined && { err: error }) }, message);
  });
  Runtime.install({ logger });
  const store = new ArtifactStore(`${settings.home}/store`);
  const engine = new PolicyEngine();
  const [connection, workflows] = await Promise.all([
    NativeConnection.connect({ address: settings.temporalAddress }),
    workflowBundle ??
      bundleWorkflowCode({
        workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
        logger,
      }),
  ]);
  const shared = {
    connection,
    namespace: settings.temporalNamespace,
    interceptors: {
      activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) }), ...interceptors],
    },
    maxHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '10s',
  } satisfies Partial<WorkerOptions>;
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: 'videocap',
      workflowBundle: workflows,
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
  return { ended: running.then(() => undefined).finally(() => engine.close()) };
}

function pinoLevel(level: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  return level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error';
}
