import { Context } from '@temporalio/activity';
import { JUDGE_WAITS, type JudgeWaiting } from '../contracts/judge-waiting.ts';
import { clipped } from '../core/clipped.ts';
import type { Progress } from '../core/compute-options.ts';
import { VideocapError } from '../core/errors.ts';
import type { Claim, Fence } from '../core/fence.ts';
import type { OutageClock, WaitedFor } from '../judge/client/patient-endpoint.ts';
import { standingOf } from './earlier-activity.ts';
import { type AttemptTrace, type Deaths, deathsBefore, PROCESS } from './worker-deaths.ts';

/**
 * What a heartbeat carries, and the next attempt at the same activity finds: the last progress that a stage reported,
 * among others. A hint for people; the artifact store is the truth.
 */
type Beat = AttemptTrace & {
  answeredAt?: number | undefined;
  unexpected?: number | undefined;
  stuck?: number | undefined;
  waiting?: JudgeWaiting | undefined;
  /** The workflow knows of `waiting`. */
  told?: boolean | undefined;
};

/** A service that answers again within this time was not waited for, in milliseconds. */
const SHORTEST_WAIT = 5000;

/** Milliseconds without progress before which no computation counts as stuck, however fast it was until then. */
const SHORTEST_PATIENCE = 10_000;
/** Characters of what is waited for: it travels with every beat, and to the workflow. */
const LONGEST_REASON = 2000;
/** A computation counts as stuck only after so many times its longest pause. */
const PAUSES = 10;

/** The progress that an attempt at an activity has reported, and whether it may still store anything. */
export class CurrentAttempt implements Fence {
  /** Aborts when the activity is cancelled, or stopped from inside. */
  readonly signal: AbortSignal;
  /** Of the process, in the attempts before this one. */
  readonly deaths: Deaths;
  readonly #context: Context;
  readonly #stopped = new AbortController();
  #claims: Fence | undefined;
  #lost: VideocapError | undefined;
  #beat: Beat;
  #beatAt = performance.now();
  #movedAt = performance.now();
  #reports = 0;
  #longestPause = 0;

  /** @param args of the activity. */
  constructor(context: Context, args: readonly unknown[] = []) {
    this.#context = context;
    this.signal = AbortSignal.any([context.cancellationSignal, this.#stopped.signal]);
    const { attempt, last } = standingOf<Beat>(context.info, args);
    this.deaths = deathsBefore(attempt, last);
    // Progress and end were those of the attempt before; what it waits for, and its faults, count on.
    const { answeredAt, unexpected, stuck, waiting, told, handedBack } = last ?? {};
    const own = { attempt, process: PROCESS, ...(this.deaths.count > 0 && { deaths: this.deaths }) };
    this.#beat = { ...own, answeredAt, unexpected, stuck, waiting, told, handedBack };
  }

  get claims(): readonly Claim[] {
    return this.#claims?.claims ?? [];
  }

  get beat(): Beat {
    return this.#beat;
  }

  say(more: Beat): void {
    this.#beat = { ...this.#beat, ...more };
    if (more.done !== undefined && this.#reports++ > 0) this.#longestPause = Math.max(this.#longestPause, this.still);
    this.#movedAt = performance.now();
    // At once, so that the next attempt knows where this one was if the process dies now.
    if (more.done !== undefined) this.heartbeat();
  }

  /** Milliseconds without a sign of progress. */
  get still(): number {
    return performance.now() - this.#movedAt;
  }

  /**
   * Milliseconds without progress after which this attempt counts as stuck: at most `limit`. Less once the attempt has
   * shown its pace, twice as much after every attempt that was ended as stuck, and `limit` after the last report.
   */
  patience(limit: number): number {
    const { done = 0, total = 0, stuck = 0 } = this.#beat;
    if (this.#reports < 2 || done >= total) return limit;
    return Math.min(limit, 2 ** stuck * Math.max(SHORTEST_PATIENCE, PAUSES * this.#longestPause));
  }

  /** When a service last answered any attempt at this activity; before that, when it was scheduled. */
  get answeredAt(): number {
    return this.#beat.answeredAt ?? this.#context.info.scheduledTimestampMs;
  }

  /** The service has answered. */
  answered(): void {
    const { told } = this.#beat;
    this.say({ answeredAt: Date.now(), waiting: undefined, told: false });
    if (told) this.#tell(null);
  }

  /** The service has not answered; the first reason since its last answer is the one to show. */
  waits(why: string, of: WaitedFor = 'judge'): void {
    const other = of !== 'judge' && { of };
    const waiting: JudgeWaiting = { why: clipped(why, LONGEST_REASON), since: Date.now(), ...other };
    this.#beat = { ...this.#beat, waiting: this.#beat.waiting ?? waiting };
  }

  /** Tells the workflow, once, what this activity waits for. @param now even if it is not waiting for long. */
  tellWaiting({ now = false } = {}): void {
    const { waiting, told } = this.#beat;
    if (!waiting || told || (!now && Date.now() - waiting.since < SHORTEST_WAIT)) return;
    this.#beat = { ...this.#beat, told: true };
    this.#tell(waiting);
  }

  /** For people alone: a workflow that cannot be told goes on all the same. */
  #tell(waiting: JudgeWaiting | null): void {
    const { workflowExecution, activityId } = this.#context.info;
    if (!workflowExecution) return;
    const { workflowId, runId } = workflowExecution;
    (async () =>
      this.#context.client.workflow.getHandle(workflowId, runId).signal(JUDGE_WAITS, waiting, activityId))().catch(
      (error: unknown) => this.#context.log.warn('The run was not told what it waits for.', { error }),
    );
  }

  /** How many attempts in a row, up to the last that failed, ended in an unexpected error. */
  get unexpected(): number {
    return this.#beat.unexpected ?? 0;
  }

  /** Notes how this attempt ended. An attempt whose process died notes nothing. */
  failed(how: { unexpected: boolean; stuck: boolean; threadDied: boolean }): void {
    const { stuck = 0 } = this.#beat;
    this.#beat = {
      ...this.#beat,
      // A dead thread counts as a dead process does.
      ...(how.threadDied ? { process: undefined } : { ended: true }),
      unexpected: how.unexpected ? this.unexpected + 1 : undefined,
      ...(how.stuck && { stuck: stuck + 1 }),
    };
  }

  /** Takes over from earlier attempts. */
  hold(claims: Fence): void {
    this.#claims = claims;
  }

  /**
   * Heartbeats, unless it is too late: then Temporal has given the activity to another worker, and this attempt is
   * lost.
   */
  heartbeat(): void {
    this.#noticePause();
    this.#beatAt = performance.now();
    this.#context.heartbeat(this.#beat);
  }

  /** Ends what runs in this attempt; nothing of it is stored any more. */
  stop(reason: VideocapError): void {
    this.#lose(`Nothing more is stored: this attempt was ended. ${reason.message}`);
    this.#stopped.abort(reason);
  }

  async check(): Promise<void> {
    this.#throwIfLost();
    await this.#claims?.check();
    // The process may have been stopped in between.
    this.#throwIfLost();
  }

  #throwIfLost(): void {
    this.#noticePause();
    if (this.#lost) throw this.#lost;
  }

  /**
   * Temporal gives an activity to another worker after this time without a heartbeat. Measured here by a clock that
   * only goes forward.
   */
  #noticePause(): void {
    const limit = this.#context.info.heartbeatTimeoutMs;
    const pause = performance.now() - this.#beatAt;
    if (!limit || pause <= limit || this.#lost) return;
    const seconds = (milliseconds: number) => Math.round(milliseconds / 1000);
    this.#lose(
      `Nothing more is stored: this process did not run for ${seconds(pause)} s, and after ${seconds(limit)} s ` +
        'Temporal gives the work to another attempt.',
    );
    this.#context.log.warn('This attempt was superseded.', { reason: this.#lost!.message });
  }

  #lose(message: string): void {
    this.#lost ??= new VideocapError('Superseded', message);
  }
}

const attempts = new WeakMap<Context, CurrentAttempt>();

/** The one state of an attempt. @param args of its activity, when it begins. */
export function attemptOf(context: Context, args?: readonly unknown[]): CurrentAttempt {
  const known = attempts.get(context);
  if (known) return known;
  const attempt = new CurrentAttempt(context, args);
  attempts.set(context, attempt);
  return attempt;
}

/** Of the activity that calls; outside of one, nothing. */
export function currentAttempt(): CurrentAttempt | undefined {
  try {
    return attemptOf(Context.current());
  } catch {
    return undefined;
  }
}

/** Called by stages as they work; outside an activity it does nothing. */
export function reportProgress(progress: Progress): void {
  currentAttempt()?.say(progress);
}

/**
 * How long the current activity has waited for a service that does not answer, over all its attempts: since it was
 * first scheduled, or since the last answer that any attempt got. Outside an activity, the wait starts now, always.
 */
export const outage: OutageClock = {
  since: () => currentAttempt()?.answeredAt ?? Date.now(),
  answered() {
    currentAttempt()?.answered();
  },
  failed(why, of) {
    currentAttempt()?.waits(why, of);
  },
};

/** Aborts when the current activity is cancelled, or ended because it is stuck. */
export function cancellationSignal(): AbortSignal | undefined {
  return currentAttempt()?.signal;
}
