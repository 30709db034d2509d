import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { digestOf, kept } from '../../../workers/workflow-bundle.ts';

/** Runs an activity on a real server as our workers do, until it succeeds or fails for good. */
export async function runOneActivity<T>(
  { nativeConnection, client }: TestWorkflowEnvironment,
  attempt: () => Promise<T>,
  runtime = (context: Context) => new ActivityRuntime(context),
): Promise<T> {
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue,
    // In this thread: one of its own takes a worker a second to start.
    debugMode: true,
    workflowBundle: { code: await bundledWorkflow() },
    activities: { attempt },
    interceptors: { activity: [(context: Context) => ({ inbound: runtime(context) })] },
  });
  return worker.runUntil(
    client.workflow.execute<() => Promise<T>>('oneActivity', { taskQueue, workflowId: taskQueue }),
  );
}

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDER = 'test/integration/workers';

/** `one-activity.ts` as a worker loads it. Bundling takes seconds, so it is kept until a source changes. */
export async function bundledWorkflow(): Promise<string> {
  const workflowsPath = join(CHECKOUT, FOLDER, 'one-activity.ts');
  const bundle = () => bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  const file = join(CHECKOUT, 'node_modules', '.cache', 'videocap', 'one-activity.js');
  return kept(file, await digestOf(CHECKOUT, [FOLDER]), async () => (await bundle()).code);
}
