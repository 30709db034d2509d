import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Context } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { startTemporal } from '../temporal-server.ts';

/** Runs an activity as our workers do, on a real server, until it succeeds or fails for good. */
export async function runOneActivity<T>(attempt: () => Promise<T>): Promise<T> {
  const environment = await startTemporal();
  try {
    const taskQueue = randomUUID();
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      workflowsPath: fileURLToPath(new URL('one-activity.ts', import.meta.url)),
      activities: { attempt },
      interceptors: { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] },
    });
    return await worker.runUntil(
      environment.client.workflow.execute<() => Promise<T>>('oneActivity', { taskQueue, workflowId: taskQueue }),
    );
  } finally {
    await environment.teardown();
  }
}
