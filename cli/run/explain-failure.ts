import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { VideocapError } from '../../core/errors.ts';
import { causesOf, failureText, innermostOf } from '../../workers/failure-text.ts';

/** What a run's failure says to a person: the sentence of its innermost cause, without Temporal's wrapping. */
export function explainFailure(error: unknown, workflowId: string): Error {
  if (error instanceof WorkflowNotFoundError)
    return new VideocapError('InvalidInput', `There is no run ${workflowId}; list the runs with: videocap status`, {
      cause: error,
    });
  if (!(error instanceof WorkflowFailedError)) return error as Error;
  const causes = causesOf(error.cause);
  if (causes.some((cause) => cause instanceof CancelledFailure))
    return new VideocapError('InvalidInput', `Run ${workflowId} was cancelled.`, { cause: error });
  if (causes.some((cause) => cause instanceof TerminatedFailure)) {
    const why = failureText(error);
    return new VideocapError('InvalidInput', `Run ${workflowId} was terminated${why ? `: ${why}` : ''}.`, {
      cause: error,
    });
  }
  const innermost = innermostOf(error);
  const kind = innermost instanceof ApplicationFailure && innermost.type ? ` (${innermost.type})` : '';
  return new VideocapError('InvalidInput', `Run ${workflowId} failed${kind}: ${innermost.message}`, { cause: error });
}
