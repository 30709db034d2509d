import type { Info } from '@temporalio/activity';
import type { EarlierActivity } from '../contracts/held-by.ts';
import type { AttemptTrace } from './worker-deaths.ts';

/** Where an attempt stands among all attempts at its stage, those of an activity before this one among them. */
export interface Standing<Trace extends AttemptTrace = AttemptTrace> {
  /** From 1. */
  attempt: number;
  /** What the last heartbeat of any of them said. */
  last: Trace | undefined;
}

type Attempt = Pick<Info, 'attempt' | 'heartbeatDetails'>;

/** The activity that was to make a stage before, by the stage's arguments. */
export function earlierOf([, earlier]: readonly unknown[]): EarlierActivity | undefined {
  return earlier as EarlierActivity | undefined;
}

/** What is known of the attempts before, for the one that follows. */
export function traceFor(info: Attempt, args: readonly unknown[]): AttemptTrace | undefined {
  const known = info.heartbeatDetails as AttemptTrace | undefined;
  if (known) return known;
  const trace = earlierOf(args)?.trace as AttemptTrace | undefined;
  // It has one number, however many its attempts were: this activity's follow it.
  return trace && { ...trace, attempt: 1, handedBack: undefined };
}

/** The trace that an attempt leaves which was none: its worker handed it back at once. */
export function handedBack(trace: AttemptTrace | undefined): AttemptTrace {
  return { ...trace, handedBack: (trace?.handedBack ?? 0) + 1 };
}

export function standingOf<Trace extends AttemptTrace>(info: Attempt, args: readonly unknown[]): Standing<Trace> {
  const last = traceFor(info, args) as Trace | undefined;
  const before = earlierOf(args)?.trace === undefined ? 0 : 1;
  // A user may have reset the count.
  return { attempt: Math.max(1, before + info.attempt - (last?.handedBack ?? 0)), last };
}
