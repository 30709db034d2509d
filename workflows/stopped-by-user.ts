import { ApplicationFailure } from '@temporalio/workflow';

/**
 * Thrown where a run that a user stopped would wait: for its judge, or for a user. What is not complete is left out.
 * Every workflow must catch it, since Temporal ends a workflow only for an error of its own.
 */
export class StoppedByUser extends Error {
  /** What the run would wait for, in a sentence. */
  readonly blocked: string;
  /** The name of the gate where it would wait. */
  readonly gate: string;

  constructor(blocked: string, gate: string) {
    super(blocked);
    this.blocked = blocked;
    this.gate = gate;
  }
}

/** The end of a run that has nothing to show yet. @param blocked what it waited for, if it waited. */
export function stoppedFailure(unfinished: string, blocked?: string): ApplicationFailure {
  const why = blocked === undefined ? '.' : `, while it could not go on: ${blocked}`;
  return ApplicationFailure.nonRetryable(`A user stopped the run before ${unfinished} was complete${why}`, 'Stopped');
}
