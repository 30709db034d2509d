import { ApplicationFailure } from '@temporalio/common';
import { clipped } from '../core/clipped.ts';
import { payloadBytes } from '../core/payload-size.ts';

/** Characters. A history keeps every failure, and a workflow takes it into its own reason. */
const LONGEST_MESSAGE = 8000;
const LONGEST_STACK = 8000;
/** Of a failure's own details, as JSON. */
const MOST_DETAILS_BYTES = 16_000;
/** Errors behind an error; Temporal's own server cuts long chains off. */
const MOST_CAUSES = 5;

/**
 * The same failure, so small that Temporal takes it: message, stack and causes are cut, details that are too large are
 * left out. Messages may come from others: a reward server, a file, a model.
 */
export function shortFailure<T>(failure: T, causes = MOST_CAUSES): T {
  if (!(failure instanceof Error)) return failure;
  // A stack begins with the message.
  if ((failure.stack?.length ?? 0) > LONGEST_STACK) failure.stack = clipped(failure.stack!, LONGEST_STACK);
  if (failure.message.length > LONGEST_MESSAGE) failure.message = clipped(failure.message, LONGEST_MESSAGE);
  if (failure instanceof ApplicationFailure && payloadBytes(failure.details) > MOST_DETAILS_BYTES)
    Object.defineProperty(failure, 'details', { value: [], configurable: true, enumerable: true });
  if (failure.cause === undefined) return failure;
  if (causes === 0) Object.defineProperty(failure, 'cause', { value: undefined, configurable: true });
  else shortFailure(failure.cause, causes - 1);
  return failure;
}
