import { randomUUID } from 'node:crypto';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivitySlotInfo,
  CustomSlotSupplier,
  Next,
  SlotPermit,
  WorkerOptions,
} from '@temporalio/worker';
import { type HeldBy, WEIGHTS_ELSEWHERE } from '../contracts/held-by.ts';
import { handedBack, traceFor } from './earlier-activity.ts';
import { tunerOf } from './slots.ts';

/** Until a stage that came to a busy engine is offered again, to whichever worker is free. */
const AGAIN = '1s';
/** No fault: it is neither logged as one nor counted. */
const { BENIGN } = ApplicationFailureCategory;

/**
 * The one seat at an engine of this process. Its stages come from the engine's queue, which all its workers serve, and
 * from a queue of this worker's own: a run that has its weights here asks there first. One stage sits at a time; one
 * that comes meanwhile does not wait here, where no other worker could take it.
 */
export class EngineSeat {
  /** The queue of this process alone, and its revision. */
  readonly heldBy: HeldBy;
  #isTaken = false;
  #hasPermit = false;
  readonly #waiting = new Set<() => void>();

  constructor(queue: string, buildId: string | undefined) {
    this.heldBy = { queue: `${queue}-${randomUUID().slice(0, 8)}`, ...(buildId !== undefined && { buildId }) };
  }

  /** Around every stage of the engine, outside all else: what is handed on was no attempt at it. */
  interceptor(context: Context): ActivityInboundCallsInterceptor {
    return { execute: (input, next) => this.#execute(context, input, next) };
  }

  async #execute(
    context: Context,
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const { taskQueue, attempt } = context.info;
    // A second attempt goes to whichever worker is free: what failed here may succeed elsewhere.
    const isOwn = taskQueue === this.heldBy.queue;
    if (isOwn && (this.#isTaken || attempt > 1))
      throw ApplicationFailure.create({
        message: this.#isTaken ? 'Its engine is busy; any worker may make the stage.' : 'Any worker may try it again.',
        type: WEIGHTS_ELSEWHERE,
        nonRetryable: true,
        category: BENIGN,
        details: [traceFor(context.info, input.args)],
      });
    if (this.#isTaken) {
      context.heartbeat(handedBack(traceFor(context.info, input.args)));
      const message = 'The engine of the worker that took it is busy; it is offered to the others.';
      throw ApplicationFailure.create({ message, type: 'EngineBusy', category: BENIGN, nextRetryDelay: AGAIN });
    }
    this.#isTaken = true;
    try {
      const outcome = await next(input);
      return typeof outcome === 'object' && outcome !== null ? { ...outcome, heldBy: this.heldBy } : outcome;
    } finally {
      this.#isTaken = false;
      this.#offer();
    }
  }

  /** Of the shared queue's worker: it asks for a stage only while the seat is free. */
  readonly slots: CustomSlotSupplier<ActivitySlotInfo> = {
    type: 'custom',
    reserveSlot: (_context, abortSignal) => this.#reserve(abortSignal),
    tryReserveSlot: () => this.#permit() ?? null,
    markSlotUsed: () => undefined,
    releaseSlot: () => {
      this.#hasPermit = false;
      this.#offer();
    },
  };

  async #reserve(abortSignal: AbortSignal): Promise<SlotPermit> {
    for (;;) {
      abortSignal.throwIfAborted();
      const permit = this.#permit();
      if (permit) return permit;
      await new Promise<void>((resolve) => {
        const awake = () => {
          this.#waiting.delete(awake);
          abortSignal.removeEventListener('abort', awake);
          resolve();
        };
        this.#waiting.add(awake);
        abortSignal.addEventListener('abort', awake);
      });
    }
  }

  #permit(): SlotPermit | undefined {
    if (this.#isTaken || this.#hasPermit) return undefined;
    this.#hasPermit = true;
    return {};
  }

  #offer(): void {
    for (const awake of [...this.#waiting]) awake();
  }
}

/** The workers of an engine's queue and of its own one, of which one stage at a time computes. */
export function seated(options: WorkerOptions, seat: EngineSeat): WorkerOptions[] {
  const { interceptors, workerDeploymentOptions: _, ...rest } = options;
  const activity = [(context: Context) => ({ inbound: seat.interceptor(context) }), ...(interceptors?.activity ?? [])];
  const { maxConcurrentActivityTaskExecutions: __, ...shared } = options;
  return [
    { ...shared, interceptors: { activity }, tuner: tunerOf(seat.slots) },
    // Without a version: a next revision need not serve it, and its workflows do not ask for it (`near-weights.ts`).
    { ...rest, interceptors: { activity }, taskQueue: seat.heldBy.queue, maxConcurrentActivityTaskExecutions: 4 },
  ];
}
