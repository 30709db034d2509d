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
  /** It waits until it may compute, and has not begun. */
  queued?: boolean | undefined;
  /** No other attempt of its process computed beside it. */
  alone?: boolean | undefined;
  /** Deaths before it. */
  deaths?: Deaths | undefined;
  /** Attempts in Temporal's count that were none: a worker handed them back at once. */
  handedBack?: number | undefined;
}

/** Attempts in a row whose process died. */
export interface Deaths {
  /** At the same place of their activity as the last one. */
  count: number;
  /** At any place. */
  row: number;
  /** Absent: before the first report of progress. */
  at?: Progress | undefined;
  /** The last one died while nothing else computed in its process: it is what ended the process. */
  alone?: boolean | undefined;
}

const NONE: Deaths = { count: 0, row: 0 };

/**
 * Counts the deaths before an attempt. One that ended by itself, or that died at another place, begins the count anew;
 * one whose process is this one has not died, however late its heartbeats were. One that had not begun to compute is
 * none of them, since another activity ended its process. A worker that is away is none: Temporal counts an attempt
 * only when a worker has begun it.
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
    const before = { ...NONE, ...last.deaths };
    if (died) deaths = last.queued ? before : oneMore(before, at, last.alone);
  }
  // An attempt that sent no heartbeat died before it could.
  for (let silent = from + 1; silent < attempt; silent++) deaths = oneMore(deaths, undefined);
  return deaths;
}

function oneMore({ count, row, at: before }: Deaths, at: Deaths['at'], alone?: boolean): Deaths {
  const same = before?.what === at?.what && before?.done === at?.done && before?.total === at?.total;
  return { count: same ? count + 1 : 1, row: row + 1, at, ...(alone && { alone }) };
}

/** So many deaths in a row at one place are no accident; of the last of them it is known which activity it was. */
export const MOST_DEATHS = 3;
/**
 * Of an activity that dies beside what ends the process, which the first limit ends many times before. And of one that
 * ends it at another place each time.
 */
export const MOST_DEATHS_BESIDE = 20;

/**
 * Whether the next attempt computes alone. Before that many deaths it may, as the others of its process, be what ends
 * the process, or not.
 */
export function isSuspect({ row }: Deaths): boolean {
  return row >= MOST_DEATHS - 1;
}

/**
 * @param activity name and input of the activity, for the error.
 * @throws VideocapError `WorkerDied` where the process has died so often that another attempt would do no better.
 */
export function requireAlive(
  { count, row, at, alone }: Deaths,
  activity: { name: string; input: unknown },
  most: number = MOST_DEATHS,
): void {
  const limit = alone ? most : Math.max(most, MOST_DEATHS_BESIDE);
  if (count < limit && !(alone && row >= MOST_DEATHS_BESIDE)) return;
  const times = count < limit ? row : count;
  const on = at?.on === undefined ? '' : `, with ${at.on}`;
  const place = at ? `at "${at.what}", ${at.done} of ${at.total}${on}` : 'before its first report';
  throw new VideocapError(
    'WorkerDied',
    `The worker has died ${times} times in a row in ${activity.name}${stepOf(activity.input)}, ${place}. A system ` +
      "ends a process that takes too much memory: look into the system's log. Give the worker more memory, or make " +
      'the work smaller, such as by shorter texts, fewer frames or smaller groups.',
  );
}

/** ` of step 3`, where the input has one. */
function stepOf(input: unknown): string {
  const { step } = (input ?? {}) as { step?: unknown };
  return typeof step === 'number' ? ` of step ${step}` : '';
}
