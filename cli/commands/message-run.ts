import {
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { print, printJson } from '../output/print.ts';
import { noWorker } from '../run/ask-status.ts';
import { explainFailure } from '../run/explain-failure.ts';
import { openSession } from '../run/session.ts';

/** The result of a message to a run: a sentence for people, fields for scripts. */
export interface Reply {
  sentence: string;
  fields: Record<string, unknown>;
}

/** The longest time that a busy worker takes to answer a message. */
const ANSWER_MILLISECONDS = 20_000;

/** @throws VideocapError for a benchmark: it has no steps. */
export async function needsSteps(run: WorkflowHandle): Promise<void> {
  const { type } = await run.describe();
  if (type === 'benchmarkRun')
    throw new VideocapError(
      'InvalidInput',
      `Run ${run.workflowId} is a benchmark, which has no steps to pause after; end it with: videocap stop ` +
        `${run.workflowId} (the ledger keeps its answers).`,
    );
}

/**
 * Sends a message to an active run, and prints the answer.
 * @throws VideocapError for an unknown run, an ended run, a run without a worker, and a refused message.
 */
export async function messageRun(
  workflowId: string,
  json: true | undefined,
  say: (run: WorkflowHandle) => Promise<Reply>,
): Promise<void> {
  const session = await openSession(findInstallation());
  try {
    const handle = session.client.workflow.getHandle(workflowId);
    const deadline = Date.now() + ANSWER_MILLISECONDS;
    const { sentence, fields } = await session.client.connection
      .withDeadline(deadline, () => say(handle))
      .catch(async (error: unknown) => {
        throw await explained(error, handle);
      });
    if (json) printJson({ workflowId, ...fields });
    else print(sentence);
  } finally {
    await session.close();
  }
}

async function explained(error: unknown, run: WorkflowHandle): Promise<unknown> {
  const { workflowId } = run;
  // Temporal reports an ended run as not found, too.
  if (error instanceof WorkflowNotFoundError) return run.describe().then(endedRun, explainNotFound(workflowId));
  if (error instanceof WorkflowUpdateFailedError)
    return new VideocapError('InvalidInput', error.cause?.message ?? error.message);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return noWorker(workflowId, (await run.describe()).taskQueue, error);
  return error;
}

/** What continues a run that has ended without a result, by its workflow's type. */
const CONTINUES: Readonly<Record<string, (run: string) => string>> = {
  trainingRun: (run) => `; it can continue: videocap resume ${run}`,
  ablationSweep: (run) => `; it can continue: videocap resume ${run}`,
  benchmarkRun: () => '; start a new one (the ledger keeps its answers): videocap bench',
  datasetAnnotation: () => '; start a new one (the ledger keeps its answers): videocap annotate',
};

/** The error of a message to a run that has ended. */
export function endedRun({ workflowId, status: { name }, type }: WorkflowExecutionDescription): VideocapError {
  const then = name === 'COMPLETED' ? '' : (CONTINUES[type]?.(workflowId) ?? '');
  return new VideocapError('InvalidInput', `Run ${workflowId} has ended: ${name.toLowerCase()}${then}.`);
}

function explainNotFound(workflowId: string) {
  return (error: unknown) => explainFailure(error, workflowId);
}
