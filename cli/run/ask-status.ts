import type { Client, WorkflowHandle } from '@temporalio/client';
import { isGrpcServiceError, QueryNotRegisteredError, QueryRejectedError, ServiceError } from '@temporalio/client';
import type { RunStatus } from '../../contracts/run-status.ts';
import { VideocapError } from '../../core/errors.ts';
import { misplacedSentence, WORKFLOW_QUEUE } from './misplaced-runs.ts';

/** The longest time that a busy worker takes to answer. */
const ANSWER_MILLISECONDS = 5000;

/**
 * The status of an active run.
 * @throws VideocapError `Unavailable` when no worker answers in time.
 */
export async function askStatus(client: Client, run: WorkflowHandle, taskQueue = WORKFLOW_QUEUE): Promise<RunStatus> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_MILLISECONDS, () => run.query<RunStatus>('status'));
  } catch (error) {
    throw isUnanswered(error) ? noWorker(run.workflowId, taskQueue, error) : error;
  }
}

/** Whether Temporal knows the run, and no worker has answered for it. */
function isUnanswered(error: unknown): boolean {
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError) return false;
  return error instanceof ServiceError || isGrpcServiceError(error);
}

export function noWorker(workflowId: string, taskQueue: string, cause?: unknown): VideocapError {
  if (taskQueue !== WORKFLOW_QUEUE)
    return new VideocapError('Unavailable', misplacedSentence(workflowId, taskQueue), { cause });
  return new VideocapError(
    'Unavailable',
    `No worker on task queue ${taskQueue} answers for run ${workflowId}; start workers with: videocap up`,
    { cause },
  );
}
