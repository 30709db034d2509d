import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  isCancellation,
  TemporalFailure,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import { noteAttributes } from './search-attributes.ts';

/**
 * Around every workflow: what ends it says why in its own message, which Temporal's UI shows first. Without this, the
 * message is "Activity task failed", and the sentence stands a level down, in its cause.
 */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          if (isCancellation(error)) noteAttributes({ phase: 'cancelled', paused: false });
          // Any other error is a defect of the workflow's code, which Temporal tries again once it is repaired.
          if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
          const failure = withSentence(error);
          const phase = failure instanceof ApplicationFailure && failure.type === 'Stopped' ? 'stopped' : 'failed';
          noteAttributes({ phase, paused: false, failedWhy: failure.message });
          throw failure;
        }
      },
    },
  ],
});

/** The failure with the message and the type of what caused it, which stays its cause. */
export function withSentence(failure: TemporalFailure): TemporalFailure {
  if (!(failure instanceof ActivityFailure || failure instanceof ChildWorkflowFailure)) return failure;
  const innermost = causesOf(failure).findLast((cause) => cause instanceof ApplicationFailure);
  if (!innermost) return failure;
  const { message, type } = innermost as ApplicationFailure;
  return ApplicationFailure.create({ message, ...(type && { type }), nonRetryable: true, cause: failure });
}

function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}
