import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  type ChildWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  type SignalDefinition,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { endSentence } from '../contracts/run-end.ts';
import type { RunSummary } from '../contracts/run-results.ts';
import { LONGEST_REASON, type SweepRun } from '../contracts/sweep-plan.ts';
import { clipped } from '../core/clipped.ts';
import { stopSignal } from './control.ts';
import { reasonOf } from './reason-of.ts';
import type { Ended, NextRun } from './sweep-snapshot.ts';
import type { SweepState } from './sweep-state.ts';
import type { trainingRun } from './training-run.ts';

type Child = ChildWorkflowHandle<typeof trainingRun>;

/** Until a run of the execution before has ended. */
const AGAIN = '3s';

/** The runs of a sweep as child workflows: each by itself, so that the failure of one is its own. */
export class SweepRuns {
  readonly #sweep: SweepState;
  readonly #children = new Map<string, Child>();
  /** Said to runs that have not started yet when it was said. */
  readonly #early = new Map<string, SignalDefinition>();

  constructor(sweep: SweepState) {
    this.#sweep = sweep;
  }

  /** Plays one run to its end, and writes down what came of it. Throws only where the sweep itself is cancelled. */
  async play(run: NextRun): Promise<void> {
    try {
      const child = await this.#start(run);
      this.#children.set(run.id, child);
      const early = this.#early.get(run.id);
      this.#early.delete(run.id);
      if (early) await child.signal(early).catch(() => undefined);
      this.#sweep.ended(run.id, endOf((await child.result()) as RunSummary, this.#sweep.plan.metric));
    } catch (error) {
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      this.#sweep.ended(run.id, failureOf(error));
    } finally {
      this.#children.delete(run.id);
    }
  }

  /** Sends a message to runs; one that has just ended does not need it. */
  tell(runs: readonly SweepRun[], signal: SignalDefinition): void {
    for (const { id } of runs) {
      const child = this.#children.get(id);
      if (child) child.signal(signal).catch(() => undefined);
      else if (this.#early.get(id) !== stopSignal) this.#early.set(id, signal);
    }
  }

  /** @returns once it has started: a run of an ended execution of this sweep may still be about to end. */
  async #start(run: NextRun): Promise<Child> {
    const { config, configHash } = this.#sweep.plan;
    const { limits, overrides } = run;
    const key = this.#sweep.keyOf(run.id);
    for (;;) {
      try {
        return await startChild<typeof trainingRun>('trainingRun', {
          workflowId: key,
          args: [
            {
              config,
              ...(configHash !== undefined && { configHash }),
              overrides,
              resume: { run: key, ...(limits && { limits }) },
              sweep: this.#sweep.placeOf(run),
            },
          ],
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          staticSummary: `${run.arm} · ${run.condition} · seed ${run.seed}`,
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        await sleep(AGAIN);
      }
    }
  }
}

function endOf({ end, trained: { details, metrics }, policy, spent }: RunSummary, metric: string): Ended {
  const paid = spent && { spent };
  if (end?.how === 'stopped') return { state: 'stopped', reason: clipped(endSentence(end), LONGEST_REASON), ...paid };
  const result = { step: policy.step, details, score: metrics[metric] ?? 0 };
  return { state: 'finished', ...result, isLimited: end?.how === 'limited', ...paid };
}

function failureOf(error: unknown): Ended {
  if (isCancellation(error)) return { state: 'stopped', reason: 'a user cancelled it' };
  return { state: isStop(error) ? 'stopped' : 'failed', reason: clipped(reasonOf(error), LONGEST_REASON) };
}

/** Whether a user stopped the run before it had a result. */
function isStop(error: unknown): boolean {
  const { cause, type } = error as { cause?: unknown; type?: unknown };
  return type === 'Stopped' || (cause instanceof Error && isStop(cause));
}
