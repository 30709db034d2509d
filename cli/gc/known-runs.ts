import type { Client } from '@temporalio/client';
import { readMemo } from '../../contracts/run-memo.ts';
import { mayBeRunKeyOf } from '../../core/run-key.ts';

/** One workflow execution, as Temporal knows it. */
export interface KnownExecution {
  workflowId: string;
  /** Of the execution: `fences/attempts/<executionId>`. */
  executionId: string;
  /** The run's key in the store, if the execution's memo has it. */
  runKey?: string;
  state: 'running' | 'completed' | 'ended';
  startTime: number;
}

/** Every execution in Temporal's retention period. */
export async function knownExecutions(client: Client): Promise<KnownExecution[]> {
  const known: KnownExecution[] = [];
  for await (const { workflowId, runId, memo, status, startTime } of client.workflow.list()) {
    const run = readMemo(memo)?.run;
    known.push({
      workflowId,
      executionId: runId,
      ...(run !== undefined && { runKey: run }),
      // One that continued as new is followed by the execution that counts.
      state: status.name === 'RUNNING' ? 'running' : status.name === 'COMPLETED' ? 'completed' : 'ended',
      startTime: startTime.getTime(),
    });
  }
  return known;
}

/**
 * - `running`: Temporal reports it as running; or Temporal does not know the run, its report is missing, and it wrote
 *   something recently.
 * - `resumable`: it ended before it finished, and `videocap resume` can continue it; or its end is unknown.
 * - `finished`.
 */
export type RunState = 'running' | 'resumable' | 'finished';

/** The state of a run's folder in the store. Pure. */
export function stateOf(
  runKey: string,
  known: readonly KnownExecution[],
  { hasReport, lately }: { hasReport: boolean; lately: boolean },
): RunState {
  const own = known.filter((execution) => execution.runKey === runKey);
  // One that says no key may continue with what others of its run began; whether it has finished it is unknown.
  const perhaps = known.filter(
    ({ runKey: said, workflowId }) => said === undefined && mayBeRunKeyOf(runKey, workflowId),
  );
  if ([...own, ...perhaps].some(({ state }) => state === 'running')) return 'running';
  const executions = own.length > 0 ? own : perhaps;
  if (executions.some(({ state }) => state === 'completed')) return 'finished';
  if (executions.length > 0) return 'resumable';
  if (hasReport) return 'finished';
  return lately ? 'running' : 'resumable';
}
