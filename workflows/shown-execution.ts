import { workflowInfo } from '@temporalio/workflow';
import { keyOfRun } from '../core/run-key.ts';
import type { ShownExecution } from './run-details.ts';

/** This execution, as its page links to others. @param runKey of the run that it plays. */
export function shownExecution(runKey: string): ShownExecution {
  const { namespace, workflowId, workflowType, firstExecutionRunId, parent } = workflowInfo();
  return {
    ...{ namespace, workflowType, runId: firstExecutionRunId },
    repeatable: runKey === keyOfRun(workflowId, firstExecutionRunId),
    parent: parent?.workflowId,
  };
}
