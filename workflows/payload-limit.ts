import { ApplicationFailure, type WorkflowInterceptors } from '@temporalio/workflow';
import { tooLarge } from '../core/payload-size.ts';

/**
 * Around every workflow: what is too large for Temporal ends the run with one sentence. Without this, the worker's
 * answer to Temporal is refused as a whole, and Temporal asks for it again and again, without an end.
 */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      async execute(input, next) {
        return checked('The result of the run', await next(input));
      },
      async handleQuery(input, next) {
        return checked(`The answer to the query ${input.queryName}`, await next(input));
      },
    },
  ],
  outbound: [
    {
      // Not async: the order of a workflow's commands stays what it is without an interceptor.
      scheduleActivity(input, next) {
        const failure = failureOf(`The input of ${input.activityType}`, input.args);
        return failure ? Promise.reject(failure) : next(input);
      },
      continueAsNew(input, next) {
        const failure = failureOf('The state that the run continues with', input.args);
        return failure ? Promise.reject(failure) : next(input);
      },
    },
  ],
});

/** @throws ApplicationFailure `TooLarge`, non-retryable. */
function checked<T>(what: string, value: T): T {
  const failure = failureOf(what, value);
  if (failure) throw failure;
  return value;
}

function failureOf(what: string, value: unknown): ApplicationFailure | undefined {
  const sentence = tooLarge(what, value);
  return sentence === undefined ? undefined : ApplicationFailure.nonRetryable(sentence, 'TooLarge');
}
