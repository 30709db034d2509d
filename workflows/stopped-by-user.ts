import { ApplicationFailure } from '@temporalio/workflow';

const TYPE = 'Stopped';

/**
 * Thrown where a run that a user stopped would wait: for its judge, or for a user. What is not complete is left out.
 * Every workflow must catch it, since Temporal ends a workflow only for an error of its own.
 */
export class StoppedByUser extends Error {
  /** What the run would wait for, in a sentence. */
  readonly blocked: string;

  constructor(blocked: string) {
    super(blocked);
    this.blocked = blocked;
  }
}

/** The end of a run that has nothing to show yet. @param blocked what it waited for, if it waited. */
export function stoppedFailure(unfinished: string, blocked?: string): ApplicationFailure {
  const why = blocked === undefined ? '.' : `, while the judge was blocked: ${blocked}`;
  return ApplicationFailure.nonRetryable(`A user stopped the run before ${unfinished} was complete${why}`, TYPE);
}

export function isStopped(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === TYPE;
}
