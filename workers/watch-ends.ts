import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { EndedRun } from '../activities/ended-tracking.ts';
import { runKeyInMemo } from '../contracts/run-key-in-memo.ts';
import { VideocapError } from '../core/errors.ts';
import { failureText } from './failure-text.ts';
import { type Looking, lookAgain } from './look-again.ts';

export interface EndsOf extends Looking {
  client: Client;
  /** Sets the run's status in MLflow; a second call changes nothing. */
  close(end: EndedRun): Promise<void>;
}

const DAY = 86_400_000;
/** A worker that was away closes what ended in this time. */
const LOOKED_BACK = 7 * DAY;
/**
 * An activity of a run that was terminated notices it within this time. Until then it may still deliver, which marks
 * the run as running.
 */
const SETTLED = 60_000;

/** What Temporal calls the ends that a workflow learns nothing of. */
const ENDS: Readonly<Record<string, string>> = { TERMINATED: 'Terminated', TIMED_OUT: 'Timed out in Temporal' };
const QUERY = 'WorkflowType IN ("trainingRun", "ablationSweep") AND ExecutionStatus IN ("Terminated", "TimedOut")';

/**
 * Closes runs in MLflow that Temporal has ended without their workflow: terminated and timed out ones. A run sets its
 * own status at every other end. Looks at Temporal's list, beside the runs, and delays none.
 */
export async function watchEnds({ client, close, ...looking }: EndsOf): Promise<void> {
  /** Executions that need no further look. */
  const settled = new Set<string>();
  const { log, signal } = looking;
  await lookAgain(looking, 'Runs that were terminated cannot be closed in MLflow at present.', async () => {
    const since = new Date(Date.now() - LOOKED_BACK).toISOString();
    const query = `${QUERY} AND CloseTime >= "${since}"`;
    for await (const execution of client.workflow.list({ query })) {
      if (signal.aborted) return;
      const { runId, workflowId, closeTime } = execution;
      if (settled.has(runId)) continue;
      const isSettled = Date.now() - (closeTime?.getTime() ?? 0) > SETTLED;
      try {
        await closeOne(client, close, execution);
      } catch (error) {
        if (!(error instanceof VideocapError) || error.code === 'Unavailable') throw error;
        log.warn({ run: workflowId, reason: error.message }, 'A run that was terminated is not closed in MLflow.');
      }
      if (isSettled) settled.add(runId);
    }
  });
}

async function closeOne(client: Client, close: EndsOf['close'], execution: WorkflowExecutionInfo): Promise<void> {
  const { workflowId, runId, memo, status, closeTime } = execution;
  const runKey = runKeyInMemo(memo);
  if (runKey === undefined) return; // it ended before it had begun
  // A user may have resumed it: the execution that goes on sets the status.
  const latest = await client.workflow.getHandle(workflowId).describe();
  if (latest.runId !== runId && runKeyInMemo(latest.memo) === runKey) return;
  const reason = await client.workflow
    .getHandle(workflowId, runId)
    .result()
    .then(() => undefined, failureText);
  const how = ENDS[status.name] ?? 'Ended in Temporal';
  await close({ runKey, how, endTime: (closeTime ?? new Date()).getTime(), ...(reason !== undefined && { reason }) });
}
