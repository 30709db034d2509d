import { Context } from '@temporalio/activity';
import type { WorkflowHandleWithFirstExecutionRunId as WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { workflowBundle } from '../temporal-server.ts';
import { everyQueue } from './every-queue.ts';
import { scriptedStages } from './scripted-stages.ts';

type Scripted = ReturnType<typeof scriptedStages>;

/** Workers of one server. */
interface Workers {
  taskQueue: string;
  /** Of each run, by its workflow id. */
  stages: Map<string, Scripted>;
}

const workersOf = new WeakMap<TestWorkflowEnvironment, Promise<Workers>>();
let runs = 0;

/**
 * Runs a workflow to its end against scripted stages; `during` is with it and gives what comes of it. Runs on one
 * server have the same workers, which end with it: to start them takes longer than most runs.
 */
export async function runScripted<T>(
  environment: TestWorkflowEnvironment,
  type: string,
  input: unknown[],
  stages: Scripted,
  during: (handle: WorkflowHandle) => Promise<T> = async (handle) => (await handle.result()) as T,
  workflowId = `run-${++runs}`,
): Promise<T> {
  const { taskQueue, stages: known } = await scriptedWorkers(environment);
  known.set(workflowId, stages);
  return during(await environment.client.workflow.start(type, { taskQueue, workflowId, args: input }));
}

/** The workers of a server. A run that is not in `stages` has the usual ones. */
export function scriptedWorkers(environment: TestWorkflowEnvironment): Promise<Workers> {
  const workers = workersOf.get(environment) ?? startWorkers(environment);
  workersOf.set(environment, workers);
  return workers;
}

async function startWorkers(environment: TestWorkflowEnvironment): Promise<Workers> {
  const taskQueue = 'videocap';
  const stages = new Map<string, Scripted>();
  const usual = scriptedStages([]);
  // The runs of a sweep have its stages.
  const stagesOf = (workflowId: string) =>
    stages.get(workflowId) ?? [...stages].find(([sweep]) => workflowId.startsWith(`${sweep}-`))?.[1];
  const activities = Object.fromEntries(
    Object.keys(usual).map((name) => [
      name,
      (stageInput: never) => {
        const { workflowId } = Context.current().info.workflowExecution!;
        return (stagesOf(workflowId) ?? usual)[name as keyof Scripted](stageInput);
      },
    ]),
  );
  // In this thread: one of its own takes a second to start.
  const inThisThread = { debugMode: true, workflowBundle: await workflowBundle(), taskQueue };
  const workers = await everyQueue(inThisThread, { connection: environment.nativeConnection, activities });
  const running = Promise.all(workers.map((worker) => worker.run()));
  const { teardown } = environment;
  environment.teardown = async () => {
    for (const worker of workers) worker.shutdown();
    await running;
    await teardown.call(environment);
  };
  return { taskQueue, stages };
}
