import { randomUUID } from 'node:crypto';
import type { Progress } from '../core/compute-options.ts';
import { VideocapError } from '../core/errors.ts';

/** This process, as heartbeats name it. */
export const PROCESS: string = randomUUID();

/** What heartbeats say of the attempt that sends them, for the attempt that follows. */
export interface AttemptTrace extends Partial<Progress> {
  /** Its number, from 1. */
  attempt?: number;
  process?: string | undefined;
  /** It has ended by itself: its process still ran, or was shutting down in order. */
  ended?: boolean | undefined;
  /** Deaths before it. */
  deaths?: Deaths | undefined;
}

/** Attempts in a row whose process died at one place of their activity. */
export interface Deaths {
  count: number;
  /** Absent: before the first report of progress. */
  at?: Progress | undefined;
}

const NONE: Deaths = { count: 0 };

/**
 * Counts the deaths before an attempt. One that ended by itself, or that died at another place, begins the count anew;
 * one whose process is this one has not died, however late its heartbeats were. A worker that is away is none: Temporal
 * counts an attempt only when a worker has begun it.
 * @param last what the last heartbeat said, of whichever attempt before this one sent it.
 */
export function deathsBefore(attempt: number, last: AttemptTrace | undefined): Deaths {
  let deaths = NONE;
  const from = last?.attempt ?? 0;
  if (last && from > 0 && from < attempt) {
    const { done, total, what, on } = last;
    const begun = done !== undefined && total !== undefined && what !== undefined;
    const at = begun ? { done, total, what, ...(on !== undefined && { on }) } : undefined;
    const died = !last.ended && last.process !== PROCESS;
    if (died) deaths = oneMore(last.deaths ?? NONE, at);
  }
  // An attempt that sent no heartbeat died before it could.
  for (let silent = from + 1; silent < attempt; silent++) deaths = oneMore(deaths, undefined);
  return deaths;
}

function oneMore({ count, at: before }: Deaths, at: Deaths['at']): Deaths {
  const same = before?.what === at?.what && before?.done === at?.done && before?.total === at?.total;
  return { count: same ? count + 1 : 1, at };
}

/** So many deaths in a row at one place are no accident. */
export const MOST_DEATHS = 3;
/** Of an activity that dies beside what ends the process, which the first limit ends many times before. */
export const MOST_DEATHS_BESIDE = 20;

/**
 * @param activity name and input of the activity, for the error.
 * @throws VideocapError `WorkerDied` where the process has died so often that another attempt would do no better.
 */
export function requireAlive(
  { count, at }: Deaths,
  activity: { name: string; input: unknown },
  most: number = MOST_DEATHS,
): void {
  if (count < most) return;
  const on = at?.on === undefined ? '' : `, with ${at.on}`;
  const place = at ? `at "${at.what}", ${at.done} of ${at.total}${on}` : 'before its first report';
  throw new VideocapError(
    'WorkerDied',
    `The worker has died ${count} times in a row in ${activity.name}${stepOf(activity.input)}, ${place}. A system ` +
      "ends a process that takes too much memory: look into the system's log. Give the worker more memory, or make " +
      'the work smaller, such as by shorter texts, fewer frames or smaller groups.',
  );
}

/** ` of step 3`, where the input has one. */
function stepOf(input: unknown): string {
  const { step } = (input ?? {}) as { step?: unknown };
  return typeof step === 'number' ? ` of step ${step}` : '';
}
