import { Worker, type WorkerOptions } from '@temporalio/worker';

/** The queues of the stages that have one of their own; workflows and small stages share another. */
const STAGE_QUEUES = ['media', 'judge', 'policy-onnx'];

/**
 * A worker for every queue, as `startWorkers` has them, all with the same activities.
 * @param stageQueues default: those of a run with the embedded engine.
 */
export async function everyQueue(
  workflows: Pick<WorkerOptions, 'taskQueue' | 'workflowBundle' | 'debugMode'>,
  shared: Pick<
    WorkerOptions,
    | ('connection' | 'activities' | 'interceptors')
    | ('maxConcurrentWorkflowTaskPolls' | 'maxConcurrentActivityTaskPolls' | 'maxCachedWorkflows')
  >,
  stageQueues: readonly string[] = STAGE_QUEUES,
): Promise<Worker[]> {
  const queues = [workflows, ...stageQueues.map((taskQueue) => ({ taskQueue }))];
  return Promise.all(queues.map((own) => Worker.create({ ...shared, ...own })));
}

/** Does something while all of the workers run, and gives what comes of it. */
export function runUntil<T>(workers: readonly Worker[], work: () => Promise<T>): Promise<T> {
  return workers.reduce<() => Promise<T>>((inner, worker) => () => worker.runUntil(inner), work)();
}
