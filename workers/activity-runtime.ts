import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { z } from 'zod';
import type { Waiting } from '../activities/judge/patient-endpoint.ts';
import { VideocapError } from '../core/errors.ts';

/** What a heartbeat carries: the last progress a stage reported. A hint for people; the artifact store is the truth. */
export interface Progress {
  done: number;
  total: number;
  what: string;
}

/** What the next attempt at the same activity finds of the last one. */
type Beat = Partial<Progress> & { answeredAt?: number };

const BEAT_MILLISECONDS = 2000;
const beatOf = new WeakMap<Context, Beat>();

/** Called by stages as they work; outside an activity it does nothing. */
export function reportProgress(progress: Progress): void {
  const context = currentContext();
  if (context) beatOf.set(context, { ...beat(context), ...progress });
}

/**
 * How long the current activity has waited for a service that does not answer, over all its attempts: since it was first
 * scheduled, or since the last answer that any attempt got. Outside an activity, the wait starts now, always.
 */
export const waiting: Waiting = {
  since() {
    const context = currentContext();
    return context ? (beat(context).answeredAt ?? context.info.scheduledTimestampMs) : Date.now();
  },
  answered() {
    const context = currentContext();
    if (context) beatOf.set(context, { ...beat(context), answeredAt: Date.now() });
  },
};

/** What this attempt has said, or the last one before it. */
function beat(context: Context): Beat {
  return beatOf.get(context) ?? (context.info.heartbeatDetails as Beat | undefined) ?? {};
}

/** Aborts when the current activity is cancelled. */
export function cancellationSignal(): AbortSignal | undefined {
  return currentContext()?.cancellationSignal;
}

/** Around every activity: beats while it computes, and tells Temporal which failures are worth another try. */
export class ActivityRuntime implements ActivityInboundCallsInterceptor {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const send = () => this.#context.heartbeat(beat(this.#context));
    const timer = setInterval(send, BEAT_MILLISECONDS);
    try {
      return await next(input);
    } catch (error) {
      // The next attempt must know of answers since the last beat.
      send();
      throw asFailure(error, this.#context.info.attempt);
    } finally {
      clearInterval(timer);
    }
  }
}

/** Faults of the machine or the network, which pass: tried again for as long as it takes. */
const PASSING_CODES = new Set([
  ...['ENOSPC', 'EIO', 'EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EROFS', 'EDQUOT', 'ENOMEM', 'ESTALE'],
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
]);

/** A defect of ours might be a race that another attempt wins; more attempts than this only hide it. */
const ATTEMPTS_FOR_UNEXPECTED = 5;

/** The failure that Temporal should see: what is wrong as its type, one sentence as its message, and whether to try again. */
export function asFailure(error: unknown, attempt: number): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof VideocapError)
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: !error.retryable,
      ...(error.retryAfterMilliseconds !== undefined && { nextRetryDelay: error.retryAfterMilliseconds }),
      ...causeOf(error.cause),
    });
  if (error instanceof z.ZodError)
    return ApplicationFailure.create({
      message: z.prettifyError(error),
      type: 'InvalidStageInput',
      nonRetryable: true,
    });
  if (error instanceof Error && error.name === 'AbortError') return new CancelledFailure('The activity was cancelled.');
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code !== undefined && PASSING_CODES.has(code))
    return ApplicationFailure.create({
      message: message ?? code,
      type: 'Unavailable',
      nonRetryable: false,
      ...causeOf(error),
    });
  return ApplicationFailure.create({
    message: message ?? String(error),
    type: 'UnexpectedError',
    nonRetryable: attempt >= ATTEMPTS_FOR_UNEXPECTED,
    ...causeOf(error),
  });
}

function causeOf(error: unknown): { cause?: Error } {
  return error instanceof Error ? { cause: error } : {};
}

function currentContext(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}
