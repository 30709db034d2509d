import type { WorkflowHandleWithFirstExecutionRunId as WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { workflowBundle } from '../temporal-server.ts';
import { everyQueue, runUntil } from './every-queue.ts';
import type { scriptedStages } from './scripted-stages.ts';

let runs = 0;

/** Runs a workflow to its end against scripted stages; `during` is with it and gives what comes of it. */
export async function runScripted<T>(
  environment: TestWorkflowEnvironment,
  type: string,
  input: unknown[],
  stages: ReturnType<typeof scriptedStages>,
  during: (handle: WorkflowHandle) => Promise<T> = async (handle) => (await handle.result()) as T,
  workflowId = `run-${runs + 1}`,
): Promise<T> {
  const taskQueue = `videocap-${++runs}`;
  // In this thread: one of its own takes a worker a second to start, and there is a worker for every run.
  const inThisThread = { debugMode: true, workflowBundle: await workflowBundle() };
  const shared = { connection: environment.nativeConnection, activities: stages };
  const workers = await everyQueue({ ...inThisThread, taskQueue }, shared);
  return runUntil(workers, async () => {
    return during(await environment.client.workflow.start(type, { taskQueue, workflowId, args: input }));
  });
}
