import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  TimeoutFailure,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';

/**
 * Around every activity: Temporal tries an activity again after a time-out. So one that ends by a time-out was
 * cancelled while its worker was dead, or a user has changed its options in Temporal.
 */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      // Not async: the order of a workflow's commands stays what it is without an interceptor.
      scheduleActivity(input, next) {
        const scope = CancellationScope.current();
        return next(input).catch((error: unknown) => {
          const timeout = error instanceof ActivityFailure ? error.cause : undefined;
          if (!(timeout instanceof TimeoutFailure)) throw error;
          if (scope.consideredCancelled) throw new CancelledFailure('The activity was cancelled; its worker is dead.');
          // Asked of one worker, which did not begin in time.
          if (timeout.timeoutType === 'SCHEDULE_TO_START' && input.options.scheduleToStartTimeout !== undefined)
            throw error;
          const sentence = timedOut(input.activityType, `${timeout.timeoutType}`, workflowInfo().workflowId);
          throw ApplicationFailure.nonRetryable(sentence, 'TimedOut');
        });
      },
    },
  ],
});

/** @param kind Temporal's name of the time-out, such as `SCHEDULE_TO_CLOSE`. */
export function timedOut(activity: string, kind: string, run: string): string {
  return (
    `Temporal has given up ${activity} at its time-out ${kind}, since a user has changed the options of the ` +
    `activity in Temporal. To continue the run after its last recorded step: videocap resume ${run}`
  );
}
