import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { z } from 'zod';
import { ThreadDied, VideocapError } from '../core/errors.ts';
import type { Fences } from '../core/fence.ts';
import { tooLarge } from '../core/payload-size.ts';
import { attemptOf, type CurrentAttempt } from './current-attempt.ts';
import { earlierOf } from './earlier-activity.ts';
import { shortFailure } from './short-failure.ts';
import type { SideBySide } from './side-by-side.ts';
import { isSuspect, requireAlive } from './worker-deaths.ts';

export interface RuntimeOptions {
  /** The fences of the artifact store; without them, every attempt may write. */
  fences?: Fences;
  /**
   * The longest time without progress; then the attempt is ended and tried again. Much shorter for an attempt that was
   * fast. Default: no limit.
   */
  stuckMilliseconds?: number | undefined;
  /**
   * So many deaths of the process in a row at one place are no accident: then the run can wait for a person. Default:
   * no limit.
   */
  mostDeaths?: number | undefined;
  /** Where the attempts meet that may end their process. Default: this one computes beside any other. */
  sideBySide?: SideBySide | undefined;
}

const BEAT_MILLISECONDS = 2000;
/** A user may shorten the heartbeat's time-out in Temporal: beats in one of them. */
const BEATS_IN_TIMEOUT = 4;
/** Until a heartbeat has reached Temporal, at the pace that `startWorkers` sets, and some more. */
const HEARD_MILLISECONDS = 500;
const HANDED_BACK = 'A user paused or reset the activity in Temporal.';

/**
 * Around every activity: beats while it computes, keeps attempts apart that Temporal has given up, ends what is stuck,
 * marks failures as retryable or not, and gives Temporal nothing that it would refuse for its size.
 */
export class ActivityRuntime implements ActivityInboundCallsInterceptor {
  readonly #context: Context;
  readonly #options: RuntimeOptions;

  constructor(context: Context, options: RuntimeOptions = {}) {
    this.#context = context;
    this.#options = options;
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const attempt = attemptOf(this.#context, input.args);
    const timer = setInterval(() => {
      attempt.tellWaiting();
      attempt.heartbeat();
    }, beatOf(this.#context.info));
    let watch: StuckWatchdog | undefined;
    let leave: (() => void) | undefined;
    try {
      // Before anything is done, so that the next attempt knows of this one.
      attempt.heartbeat();
      const activity = { name: this.#context.info.activityType, input: input.args[0] };
      requireAlive(attempt.deaths, activity, this.#options.mostDeaths ?? Number.POSITIVE_INFINITY);
      await this.#claim(attempt, input);
      leave = await this.#enter(attempt);
      watch = new StuckWatchdog(attempt, this.#context.info.activityType, this.#options.stuckMilliseconds);
      return small(this.#context.info.activityType, await Promise.race([next(input), watch.stuck]));
    } catch (error) {
      const failure = shortFailure(
        this.#handedBack ? new CancelledFailure(HANDED_BACK) : asFailure(error, attempt.unexpected + 1),
      );
      attempt.failed({
        unexpected: isOfType(failure, UNEXPECTED),
        stuck: isOfType(failure, 'Stuck'),
        threadDied: error instanceof ThreadDied,
      });
      attempt.tellWaiting({ now: isOfType(failure, 'Unavailable') });
      // The next attempt must know of this, and of answers since the last beat.
      attempt.heartbeat();
      if (error instanceof VideocapError && error.code === 'Superseded')
        this.#context.log.warn('This attempt was superseded.', { reason: error.message });
      throw failure;
    } finally {
      clearInterval(timer);
      watch?.end();
      leave?.();
    }
  }

  /** Waits until the attempt may compute; one that may be what ends its process computes alone. */
  async #enter(attempt: CurrentAttempt): Promise<(() => void) | undefined> {
    const company = isSuspect(attempt.deaths) ? 'alone' : 'beside';
    const leave = await this.#options.sideBySide?.enter(company, attempt.signal, () => {
      attempt.say({ queued: true });
      attempt.heartbeat();
    });
    if (!leave) return undefined;
    attempt.say({ queued: undefined, ...(company === 'alone' && { alone: true }) });
    attempt.heartbeat();
    // Its death must say that it was alone.
    if (company === 'alone') await sleep(HEARD_MILLISECONDS);
    return leave;
  }

  /** Whether no attempt came before: one that a user has reset counts as number 1 again. */
  get #isFirst(): boolean {
    const { attempt, heartbeatDetails, scheduledTimestampMs, currentAttemptScheduledTimestampMs } = this.#context.info;
    return (
      attempt === 1 && heartbeatDetails === undefined && currentAttemptScheduledTimestampMs <= scheduledTimestampMs
    );
  }

  /** Whether a user has paused or reset the activity: then what ends it is no failure, and it begins again later. */
  get #handedBack(): boolean {
    const { paused = false, reset = false } = this.#context.cancellationDetails ?? {};
    return paused || reset;
  }

  async #claim(attempt: CurrentAttempt, { args }: ActivityExecuteInput): Promise<void> {
    const [first] = args;
    const earlier = earlierOf(args);
    const { workflowExecution, activityId, currentAttemptScheduledTimestampMs: scheduled } = this.#context.info;
    if (!this.#options.fences || !workflowExecution) return;
    const { runKey } = (first ?? {}) as { runKey?: unknown };
    const place = {
      execution: workflowExecution.runId,
      // What was asked of one worker before, in vain, is the same piece of work: that worker may still be at it.
      activity: earlier?.activity ?? activityId,
      scheduled,
      first: !earlier && this.#isFirst,
    };
    const run = typeof runKey === 'string' ? { runKey } : {};
    attempt.hold(await this.#options.fences.claim({ ...place, ...run }));
  }
}

function beatOf({ heartbeatTimeoutMs }: Context['info']): number {
  return heartbeatTimeoutMs ? Math.min(BEAT_MILLISECONDS, heartbeatTimeoutMs / BEATS_IN_TIMEOUT) : BEAT_MILLISECONDS;
}

/**
 * A stage's result, which Temporal would refuse if it were too large, again at every attempt.
 * @throws VideocapError `TooLarge`.
 */
function small<T>(stage: string, result: T): T {
  const sentence = tooLarge(`The result of ${stage}`, result);
  if (sentence !== undefined) throw new VideocapError('TooLarge', sentence);
  return result;
}

/** Ends an attempt that shows no progress. */
class StuckWatchdog {
  readonly stuck: Promise<never>;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(attempt: CurrentAttempt, activity: string, limit: number | undefined) {
    let end: (error: VideocapError) => void = () => {};
    this.stuck = new Promise((_, reject) => {
      end = reject;
    });
    // The activity may have finished by then.
    this.stuck.catch(() => undefined);
    if (limit === undefined) return;
    const look = () => {
      if (attempt.still < attempt.patience(limit)) return;
      const error = stuckError(activity, attempt);
      attempt.stop(error);
      end(error);
      this.end();
    };
    this.#timer = setInterval(look, Math.min(BEAT_MILLISECONDS, limit / 2));
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

function stuckError(activity: string, { beat: { done, total, what }, still }: CurrentAttempt): VideocapError {
  const where = what === undefined ? 'before its first report' : `at "${what}", ${done} of ${total}`;
  const seconds = Math.round(still / 1000);
  return new VideocapError(
    'Stuck',
    `${activity} has made no progress for ${seconds} s, ${where}; it is tried again, with more patience. On a ` +
      'machine that is only slow, set VIDEOCAP_STUCK_SECONDS higher.',
  );
}

/** Faults of the machine or the network, which pass: tried again for as long as it takes. */
const PASSING_CODES = new Set([
  ...['ENOSPC', 'EIO', 'EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EROFS', 'EDQUOT', 'ENOMEM', 'ESTALE'],
  // The worker's user lacks the file permission, until a user restores it.
  ...['EACCES', 'EPERM'],
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
]);

/**
 * An unexpected error may come from a race, which a retry survives; more retries in a row would only hide a defect.
 * Temporal's own count of attempts is no measure: most attempts may have met an outage or a dead worker.
 */
const MOST_UNEXPECTED = 5;
const UNEXPECTED = 'UnexpectedError';

/**
 * The failure that Temporal should see: what is wrong as its type, one sentence as its message, and whether to try
 * again.
 * @param unexpected number of consecutive unexpected errors, this one included (1-based).
 */
export function asFailure(error: unknown, unexpected: number): unknown {
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
    type: UNEXPECTED,
    nonRetryable: unexpected >= MOST_UNEXPECTED,
    ...causeOf(error),
  });
}

function isOfType(failure: unknown, type: string): boolean {
  return failure instanceof ApplicationFailure && failure.type === type;
}

function causeOf(error: unknown): { cause?: Error } {
  return error instanceof Error ? { cause: error } : {};
}
