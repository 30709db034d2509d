import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';

/**
 * Why a run failed or was terminated, in the words of the innermost cause; nothing for one that was cancelled, one that
 * was terminated without a reason, and an error that is no run's.
 */
export function failureText(error: unknown): string | undefined {
  if (!(error instanceof WorkflowFailedError)) return undefined;
  const causes = causesOf(error.cause);
  if (causes.some((cause) => cause instanceof CancelledFailure)) return undefined;
  const terminated = causes.find((cause) => cause instanceof TerminatedFailure);
  if (terminated) return WITHOUT_REASON.has(terminated.message) ? undefined : terminated.message;
  return innermostOf(error).message;
}

/** What Temporal's client and its server say in place of a reason. */
const WITHOUT_REASON = new Set(['Workflow execution terminated', 'terminated by user via frontend']);

/** The cause that says what is wrong. */
export function innermostOf(error: WorkflowFailedError): Error {
  const causes = causesOf(error.cause);
  return causes.filter((cause) => cause instanceof ApplicationFailure).at(-1) ?? causes.at(-1) ?? error;
}

/** An error and its causes, outermost first. */
export function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}
