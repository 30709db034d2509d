import { Worker, type WorkerOptions } from '@temporalio/worker';

/** The queues of the stages that have one of their own; workflows and small stages share another. */
const STAGE_QUEUES = ['media', 'judge', 'policy-onnx'] as const;

/** A worker for every queue, as `startWorkers` has them, all with the same activities. */
export async function everyQueue(
  workflows: Pick<WorkerOptions, 'taskQueue' | 'workflowBundle' | 'debugMode'>,
  shared: Pick<WorkerOptions, 'connection' | 'activities' | 'interceptors'>,
): Promise<Worker[]> {
  const queues = [workflows, ...STAGE_QUEUES.map((taskQueue) => ({ taskQueue }))];
  return Promise.all(queues.map((own) => Worker.create({ ...shared, ...own })));
}

/** Does something while all of the workers run, and gives what comes of it. */
export function runUntil<T>(workers: readonly Worker[], work: () => Promise<T>): Promise<T> {
  return workers.reduce<() => Promise<T>>((inner, worker) => () => worker.runUntil(inner), work)();
}
